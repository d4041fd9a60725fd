import type { Job, JobEvent, JobState } from '@/shared/api/types'
import { formatDuration } from '@/shared/format/numbers'

const STATE_WORDS: Record<JobState, string> = {
  pending: 'Queued',
  waiting: 'Queued',
  active: 'Running',
  delayed: 'Waiting to be tried again',
  completed: 'Completed',
  rejected: 'Rejected',
  failed: 'Failed',
  cancelled: 'Taken out',
}

export function jobStateInWords(state: JobState): string {
  return STATE_WORDS[state]
}

const KIND_WORDS: Record<string, string> = {
  convert_dicom: 'Convert a mammogram',
  render_picture: 'Render a picture',
  remake_renditions: 'Re-make pictures',
  render_on_demand: 'Make another picture',
  notify_email: 'Send an e-mail',
  notify_webhook: 'Call a webhook',
}

/** What a job does. A kind that the page does not know is at least readable. */
export function jobKindInWords(kind: string): string {
  const words = kind.replaceAll('_', ' ')
  return KIND_WORDS[kind] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

/** Shorter than a second in milliseconds, shorter than a minute with one decimal: "80 ms", "1.4 s", "2 min 5 s". */
export function formatTook(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return formatDuration(milliseconds / 1000)
}

/** "attempt 2 of 3"; null while none has begun. A job that was tried anew may have had more than its number. */
export function attemptsInWords(job: Pick<Job, 'attemptsMade' | 'attempts'>): string | null {
  if (job.attemptsMade === 0) return null
  if (job.attemptsMade > job.attempts) return `attempt ${job.attemptsMade}`
  return `attempt ${job.attemptsMade} of ${job.attempts}`
}

const EVENT_WORDS: Record<string, string> = {
  received: 'Received',
  queued: 'Queued',
  cancelled: 'Taken out of the queue',
}

/** `$` is the number of the attempt. */
const ATTEMPT_WORDS: Record<string, string> = {
  started: 'Attempt $ started',
  completed: 'Completed by attempt $',
  rejected: 'Rejected by attempt $',
  failed: 'Attempt $ failed',
  interrupted: 'Attempt $ was interrupted',
  cancelled: 'Attempt $ was thrown away',
}

/** "Attempt 2 failed, after 1.4 s". */
export function eventInWords(event: JobEvent): string {
  const words = event.attempt ? ATTEMPT_WORDS[event.event] : EVENT_WORDS[event.event]
  const said = (words ?? event.event).replace('$', String(event.attempt))
  if (event.durationMs === null || event.durationMs === undefined) return said
  return `${said}, after ${formatTook(event.durationMs)}`
}

/** Where an unfinished job stands now, as the last line of its story; null once it has ended. */
export function standingInWords(job: Pick<Job, 'state' | 'attemptsMade' | 'attempts'>): string | null {
  switch (job.state) {
    case 'pending':
    case 'waiting':
      return 'Now: stored safely, waits for a worker'
    case 'active':
      return 'Now: running'
    case 'delayed':
      return `Now: waits a moment before attempt ${job.attemptsMade + 1} of ${job.attempts}`
    default:
      return null
  }
}
