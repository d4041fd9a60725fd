import { statusInWords } from '@/shared/format/image'
import { paneLabel } from '@/viewer/hanging'
import type { ViewingImage } from '@/viewer/types'
import styles from './ReadingPage.module.css'

/** Pictures that stand in no pane; a press puts one into the active pane. */
export function Strip({
  images,
  onPlace,
}: {
  images: readonly ViewingImage[]
  onPlace: (id: number) => void
}) {
  if (images.length === 0) return null
  return (
    <ul className={styles.strip} aria-label="Further images">
      {images.map((image) => (
        <li key={image.id}>
          <button
            type="button"
            onClick={() => onPlace(image.id)}
            aria-label={`Show ${paneLabel(image)} in the active pane${image.status === 'ready' ? '' : `, ${statusInWords(image.status)}`}`}
          >
            {image.links.thumbnail256 ? (
              <img src={image.links.thumbnail256} alt="" draggable={false} />
            ) : null}
            <span>
              {paneLabel(image)}
              {image.status === 'ready' ? '' : ` · ${statusInWords(image.status)}`}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
