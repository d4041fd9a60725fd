import { AlertCircle, Ban, CircleCheck, CircleDot, LoaderCircle } from 'lucide-react'
import type { Job, JobEvent } from '@/shared/api/types'
import { formatDateTime, formatTimeWithSeconds } from '@/shared/format/dates'
import { eventInWords, standingInWords } from '@/shared/format/jobs'
import styles from './Timeline.module.css'

const ICONS: Record<string, typeof CircleDot> = {
  completed: CircleCheck,
  rejected: Ban,
  failed: AlertCircle,
  interrupted: AlertCircle,
}

/** A job's story, oldest first: attempts, how long each took, and why it did not do. */
export function Timeline({ job, withWorkers = false }: { job: Job; withWorkers?: boolean }) {
  const standing = standingInWords(job)
  if (job.timeline.length === 0 && standing === null) return <p className={styles.quiet}>Nothing yet.</p>
  return (
    <ol className={styles.timeline} data-testid="timeline">
      {job.timeline.map((event) => (
        <TimelineLine
          key={`${event.at}${event.event}${event.attempt ?? ''}`}
          event={event}
          withWorker={withWorkers}
        />
      ))}
      {standing === null ? null : (
        <li className={styles.now}>
          <LoaderCircle aria-hidden="true" />
          <div>{standing}</div>
        </li>
      )}
    </ol>
  )
}

function TimelineLine({ event, withWorker }: { event: JobEvent; withWorker: boolean }) {
  const Icon = ICONS[event.event] ?? CircleDot
  return (
    <li data-event={event.event}>
      <Icon aria-hidden="true" />
      <time dateTime={event.at} title={formatDateTime(event.at)}>
        {formatTimeWithSeconds(event.at)}
      </time>
      <div>
        <span>{eventInWords(event)}</span>
        {event.detail ? <span className={styles.quiet}>{event.detail}</span> : null}
        {withWorker && event.worker ? <span className={styles.quiet}>by {event.worker}</span> : null}
      </div>
    </li>
  )
}
