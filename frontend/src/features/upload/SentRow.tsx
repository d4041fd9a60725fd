import { useId, useState } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Ban, ChevronDown, ChevronUp, CircleAlert, FileText, LoaderCircle, RotateCcw } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { fetchJob, isOver, isRetryable, retryJob } from '@/shared/api/jobs'
import { meQuery } from '@/shared/api/queries'
import type { SentImage } from '@/shared/api/types'
import { formatAgo, formatDateTime } from '@/shared/format/dates'
import { isDoseReport, sideAndView } from '@/shared/format/image'
import { formatMegabytes } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { Skeleton } from '@/shared/ui/Skeleton'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import { Timeline } from '@/shared/ui/Timeline'
import { toast } from '@/shared/ui/Toasts'
import { standingOf } from './sentImages'
import styles from './UploadsPage.module.css'

export function SentRow({ sent }: { sent: SentImage }) {
  const { image, job } = sent
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const standing = standingOf(sent)
  const chip = sideAndView(image)
  return (
    <li className={styles.row} data-testid="sent-row" data-status={image.status}>
      <Thumbnail sent={sent} />
      <div className={styles.words}>
        <Link
          to="/images/$imageId"
          params={{ imageId: String(image.id) }}
          className={styles.name}
          title={image.originalName}
        >
          {image.originalName}
        </Link>
        <p className={styles.facts}>
          {chip ? <span>{chip}</span> : null}
          <span>{formatMegabytes(image.byteCount)}</span>
          <time dateTime={image.createdAt}>{formatDateTime(image.createdAt)}</time>
          <span className={styles.ago}>{formatAgo(image.createdAt)}</span>
        </p>
      </div>
      <div className={styles.state}>
        <span className={styles.badges}>
          <StatusBadge tone={standing.tone}>{standing.word}</StatusBadge>
          {standing.attempt ? <span className="unit">{standing.attempt}</span> : null}
        </span>
        {standing.reason ? <p className={styles.reason}>{standing.reason}</p> : null}
      </div>
      <div className={styles.acts}>
        {job && isRetryable(job.state) ? <RetryButton sent={sent} /> : null}
        {job ? (
          <Button
            kind="quiet"
            className={styles.act}
            icon={isOpen ? <ChevronUp /> : <ChevronDown />}
            aria-expanded={isOpen}
            aria-controls={isOpen ? id : undefined}
            aria-label={`What happened to ${image.originalName}`}
            onClick={() => setOpen(!isOpen)}
          >
            What happened
          </Button>
        ) : null}
      </div>
      {isOpen && job ? (
        <div id={id} className={styles.story}>
          <Story jobId={job.id} updatedAt={job.updatedAt} />
        </div>
      ) : null}
    </li>
  )
}

/** Read when it is unfolded, and again whenever the list says that the job has moved. */
function Story({ jobId, updatedAt }: { jobId: string; updatedAt: string }) {
  const { data: job, error } = useQuery({
    queryKey: ['sent-job', jobId, updatedAt],
    queryFn: ({ signal }) => fetchJob(jobId, signal),
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => (state.data && isOver(state.data.state) ? false : 2000),
  })
  if (job) return <Timeline job={job} />
  return error ? <Notice kind="failed">{messageOf(error)}</Notice> : <Skeleton height="5rem" />
}

function Thumbnail({ sent: { image } }: { sent: SentImage }) {
  const [isBroken, setBroken] = useState(false)
  const source = image.links.thumbnail256
  if (image.status === 'ready' && source !== null && !isBroken) {
    return (
      <span className={styles.picture}>
        <img src={source} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
      </span>
    )
  }
  return (
    <span className={styles.picture} aria-hidden="true">
      {image.status === 'ready' ? (
        <FileText className={isDoseReport(image) ? undefined : styles.quiet} />
      ) : image.status === 'rejected' ? (
        <Ban className={styles.rejected} />
      ) : image.status === 'failed' ? (
        <CircleAlert className={styles.failed} />
      ) : (
        <LoaderCircle className={styles.working} />
      )}
    </span>
  )
}

function RetryButton({ sent: { image } }: { sent: SentImage }) {
  const client = useQueryClient()
  const { data: me } = useQuery(meQuery)
  const [isBusy, setBusy] = useState(false)
  if (me?.capabilities.correct !== true) return null
  async function retry(): Promise<void> {
    setBusy(true)
    try {
      await retryJob(image.jobId)
      announceImages({ kind: 'changed', imageIds: [image.id] })
    } catch (error) {
      toast(`${image.originalName}: ${messageOf(error)}`)
    }
    await client.invalidateQueries({ queryKey: ['sent-images'] })
    setBusy(false)
  }
  return (
    <Button
      className={styles.act}
      icon={<RotateCcw />}
      isBusy={isBusy}
      aria-label={`Retry ${image.originalName}`}
      onClick={() => void retry()}
    >
      Retry
    </Button>
  )
}
