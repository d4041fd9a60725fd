import { useState } from 'react'
import { Link } from '@tanstack/react-router'
import { ImageOff } from 'lucide-react'
import type { StudyDetail, StudyImage } from '@/shared/api/studies'
import type { ImageSummary } from '@/shared/api/types'
import { describeImage, isDoseReport, statusInWords } from '@/shared/format/image'
import { Skeleton } from '@/shared/ui/Skeleton'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import styles from './Hanging.module.css'
import { hangingOf, imageOf, viewName } from './study'

/**
 * Four pictures as they hang on a light box: R CC and L CC above R MLO and L MLO, the right breast on the left of the
 * screen, so that the chest walls meet in the middle.
 */
export function Hanging({ study }: { study: StudyDetail }) {
  return (
    <ul className={styles.hanging} aria-label="The four standard views">
      {hangingOf(study).map(({ slot, image }, index) => (
        <li
          key={slot + String(image?.id ?? index)}
          className={styles.pane}
          data-half={index % 2 === 0 ? 'left' : 'right'}
        >
          {image ? (
            <Pane slot={slot} image={image} listed={imageOf(study, image.id)} studyId={study.id} />
          ) : (
            <p className={styles.none}>
              <strong>{slot}</strong>
              <span>No picture of this view</span>
            </p>
          )}
        </li>
      ))}
    </ul>
  )
}

interface PaneProps {
  slot: string
  image: StudyImage
  listed: ImageSummary | undefined
  studyId: number
}

function Pane({ slot, image, listed, studyId }: PaneProps) {
  const name = listed ? describeImage(listed) : slot
  return (
    <Link
      to="/images/$imageId"
      params={{ imageId: String(image.id) }}
      search={{ studyId: String(studyId) }}
      className={styles.link}
      aria-label={`${name}, ${statusInWords(image.status)}`}
    >
      <Picture
        image={image}
        reason={listed?.reason ?? null}
        isReport={listed ? isDoseReport(listed) : false}
      />
      <span className={styles.label}>{slot}</span>
    </Link>
  )
}

interface PictureProps {
  image: StudyImage
  reason: string | null
  isReport: boolean
  /** The small one is enough in the strip. */
  isSmall?: boolean
}

export function Picture({ image, reason, isReport, isSmall }: PictureProps) {
  const [isBroken, setBroken] = useState(false)
  const source = (isSmall ? null : image.links.thumbnail512) ?? image.links.thumbnail256
  if (image.status !== 'ready' || source === null || isBroken) {
    return (
      <span className={styles.standing}>
        {isBroken ? (
          <>
            <ImageOff aria-hidden="true" />
            <span>The picture could not be loaded</span>
          </>
        ) : isReport && image.status === 'ready' ? (
          <span>Dose report</span>
        ) : (
          <StatusBadge tone={toneOf(image.status)}>{statusInWords(image.status)}</StatusBadge>
        )}
        {isSmall || image.status === 'ready' ? null : <span className={styles.reason}>{reason}</span>}
      </span>
    )
  }
  return (
    <img
      src={source}
      alt=""
      decoding="async"
      draggable={false}
      width={image.thumbnailWidth ?? undefined}
      height={image.thumbnailHeight ?? undefined}
      onError={() => setBroken(true)}
    />
  )
}

/** Further views, repeats, and what is neither: in one line that scrolls sideways. */
export function Strip({ images, studyId }: { images: readonly ImageSummary[]; studyId: number }) {
  return (
    <ul className={styles.strip} aria-label="Further images">
      {images.map((image) => (
        <li key={image.id}>
          <Link
            to="/images/$imageId"
            params={{ imageId: String(image.id) }}
            search={{ studyId: String(studyId) }}
            className={styles.link}
            aria-label={`${describeImage(image)}, ${statusInWords(image.status)}`}
          >
            <Picture image={image} reason={null} isReport={isDoseReport(image)} isSmall />
          </Link>
          <span className={styles.caption}>
            {isDoseReport(image) ? 'Dose report' : (viewName(image) ?? 'View unknown')}
          </span>
        </li>
      ))}
    </ul>
  )
}

export function HangingSkeleton() {
  return (
    <div className={styles.hanging} aria-hidden="true">
      {['R CC', 'L CC', 'R MLO', 'L MLO'].map((slot) => (
        <div key={slot} className={styles.pane}>
          <Skeleton height="100%" />
        </div>
      ))}
    </div>
  )
}
