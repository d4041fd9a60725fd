import type { Job, JobEvent } from '@/shared/api/types'
import { formatDateTime, formatTimeWithSeconds } from '@/shared/format/dates'
import styles from './Timeline.module.css'

const WORDS: Record<string, string> = {
  received: 'Received',
  queued: 'Queued',
  started: 'Conversion started',
  completed: 'Ready',
  rejected: 'Rejected',
  failed: 'Attempt failed',
  interrupted: 'Interrupted, tried again',
  retried: 'Queued again',
}

/** The job's story, oldest first. */
export function Timeline({ job }: { job: Job }) {
  const events = job.timeline ?? []
  if (events.length === 0) return <p className={styles.quiet}>Nothing yet.</p>
  return (
    <ol className={styles.timeline} data-testid="timeline">
      {events.map((event) => (
        <li key={`${event.at}${event.event}${event.attempt ?? ''}`}>
          <time dateTime={event.at} title={formatDateTime(event.at)}>
            {formatTimeWithSeconds(event.at)}
          </time>
          <div>
            <span>{sentence(event)}</span>
            {event.detail ? <span className={styles.quiet}>{event.detail}</span> : null}
          </div>
        </li>
      ))}
    </ol>
  )
}

function sentence(event: JobEvent): string {
  const parts = [WORDS[event.event] ?? event.event]
  if (event.attempt && event.attempt > 1) parts.push(`attempt ${event.attempt}`)
  if (event.durationMs) parts.push(`after ${(event.durationMs / 1000).toFixed(1)} s`)
  return parts.join(', ')
}
