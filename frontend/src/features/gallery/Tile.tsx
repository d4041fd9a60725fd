import { memo, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check, FileText, ImageOff, RotateCcw } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import type { ImageFilters } from '@/shared/api/imageFilters'
import { retryJob } from '@/shared/api/jobs'
import { meQuery } from '@/shared/api/queries'
import type { ImageSummary } from '@/shared/api/types'
import { describeImage, isDoseReport, sideAndView, statusInWords } from '@/shared/format/image'
import { Button } from '@/shared/ui/Button'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import { toast } from '@/shared/ui/Toasts'
import { Thumbnail } from './Thumbnail'
import styles from './Tile.module.css'

/** Portrait tiles, a little taller than the usual mammogram is wide. */
export const IMAGE_GRID = {
  tileWidth: 190,
  fewestColumns: 2,
  pictureHeight: (width: number) => (width * 4) / 3,
  captionEm: 1.75,
}

interface TileProps {
  image: ImageSummary
  filters: ImageFilters
  width: number
  isSelected: boolean
  isSelecting: boolean
  onTick: (id: number, isRange: boolean) => void
}

/** Only what changed is drawn again: a page of ticks or a page that is put in leaves the other tiles alone. */
export const Tile = memo(function Tile(props: TileProps) {
  const { image, filters, width, isSelected, isSelecting, onTick } = props
  const chip = sideAndView(image)
  return (
    <div
      className={styles.tile}
      data-testid="tile"
      data-status={image.status}
      data-selected={isSelected || undefined}
      data-selecting={isSelecting || undefined}
    >
      <Link
        to="/images/$imageId"
        params={{ imageId: String(image.id) }}
        search={filters}
        className={styles.link}
        preload={false}
        draggable={false}
        aria-label={`${describeImage(image)}, ${statusInWords(image.status)}`}
        onClick={(event) => {
          if (!event.shiftKey && !isSelecting) return
          // With a selection a click ticks, as in photo applications.
          event.preventDefault()
          onTick(image.id, event.shiftKey)
        }}
      >
        <span className={styles.picture}>
          <Picture image={image} width={width} />
        </span>
        <span className={styles.caption}>{image.patientId ?? image.originalName}</span>
      </Link>
      {chip ? (
        <span className={styles.chip} data-side={image.laterality ?? undefined}>
          {chip}
        </span>
      ) : null}
      <Marks image={image} />
      <button
        type="button"
        className={styles.tick}
        role="checkbox"
        aria-checked={isSelected}
        aria-label={`Select ${image.originalName}`}
        onClick={(event) => onTick(image.id, event.shiftKey)}
      >
        <Check aria-hidden="true" />
      </button>
      {image.status === 'failed' ? <RetryButton image={image} /> : null}
    </div>
  )
})

function Picture({ image, width }: { image: ImageSummary; width: number }) {
  const [isBroken, setBroken] = useState(false)
  if (image.status === 'ready' && isDoseReport(image)) return <Report />
  if (image.status !== 'ready' || image.links.thumbnail256 === null) return <Standing image={image} />
  if (isBroken) {
    return (
      <span className={styles.standing}>
        <ImageOff aria-hidden="true" />
        <span>The picture could not be loaded. The original is kept.</span>
      </span>
    )
  }
  return <Thumbnail image={image} width={width} onBroken={() => setBroken(true)} />
}

/** Ready, and without a picture by its nature. */
function Report() {
  return (
    <span className={`${styles.standing} ${styles.report}`}>
      <FileText aria-hidden="true" />
      <span>Dose report</span>
    </span>
  )
}

/** Where an image stands that has no picture yet, or never will. */
function Standing({ image }: { image: ImageSummary }) {
  const isPending = image.status === 'pending' || image.status === 'processing'
  return (
    <span className={`${styles.standing} ${isPending ? styles.breathing : ''}`}>
      <StatusBadge tone={toneOf(image.status)}>{statusInWords(image.status)}</StatusBadge>
      {isPending ? null : <span className={styles.reason}>{image.reason ?? 'No reason was recorded.'}</span>}
    </span>
  )
}

function Marks({ image }: { image: ImageSummary }) {
  const marks: string[] = []
  if (image.presentationIntentType === 'FOR PROCESSING') marks.push('FOR PROCESSING')
  if (image.conflictsWith !== null) marks.push('CONFLICT')
  if ((image.numberOfFrames ?? 1) > 1) marks.push(`${image.numberOfFrames} frames`)
  if (marks.length === 0) return null
  return <span className={styles.marks}>{marks.join(' · ')}</span>
}

function RetryButton({ image }: { image: ImageSummary }) {
  const { data: me } = useQuery(meQuery)
  const [isBusy, setBusy] = useState(false)
  async function retry(): Promise<void> {
    setBusy(true)
    try {
      await retryJob(image.jobId)
      announceImages({ kind: 'changed', imageIds: [image.id] })
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (me?.capabilities.correct !== true) return null
  return (
    <Button className={styles.retry} icon={<RotateCcw />} isBusy={isBusy} onClick={() => void retry()}>
      Retry
    </Button>
  )
}

export function TileSkeleton() {
  return (
    <div className={styles.tile} aria-hidden="true">
      <span className={`${styles.picture} ${styles.empty}`} />
    </div>
  )
}
