import type { StudyImage } from '@/shared/api/studies'

interface ThumbnailProps {
  image: Pick<StudyImage, 'links' | 'thumbnailWidth' | 'thumbnailHeight'>
  /** How wide the box is that it fits into, in CSS pixels. */
  width: number
  onBroken: () => void
}

/** The longer side of the two renditions, in pixels. */
const SMALL = 256
const LARGE = 512

/** The picture in its own proportions; its addresses never change, so that the browser keeps it. */
export function Thumbnail({ image, width, onBroken }: ThumbnailProps) {
  const { thumbnail256: small, thumbnail512: large } = image.links
  const [wide, high] = [image.thumbnailWidth, image.thumbnailHeight]
  // `w` of a source is its width, and a portrait's is less than its longer side.
  const share = wide && high ? wide / Math.max(wide, high) : 1
  return (
    <img
      src={small ?? undefined}
      srcSet={
        small && large
          ? `${small} ${Math.round(SMALL * share)}w, ${large} ${Math.round(LARGE * share)}w`
          : undefined
      }
      sizes={`${width}px`}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      width={wide ?? undefined}
      height={high ?? undefined}
      onError={onBroken}
    />
  )
}
