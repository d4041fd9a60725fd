import type { Queue, QueueStats, QueueWorker } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { formatDuration, plural } from '@/shared/format/numbers'
import type { StatusTone } from '@/shared/ui/StatusBadge'
import { QUEUE_NAMES } from './jobSearch'

const PURPOSES: Record<string, string> = {
  'dicom-conversion': 'Mammograms just uploaded',
  thumbnail: 'Plain pictures, and pictures made anew',
  maintenance: 'Clean-up and checks, e-mail and webhooks',
}

export function purposeOf(queue: string): string {
  return PURPOSES[queue] ?? ''
}

const HELD_BACK: Record<string, string> = { maintenance: 'E-mail and webhooks' }

/** What people would miss while the queue rests, beside its own work; null for queues that hold nothing else back. */
export function heldBackBy(queue: string): string | null {
  return HELD_BACK[queue] ?? null
}

/** What could still be taken out: everything but what is running. */
export function undoneCount(queue: Queue): number {
  return queue.waiting + queue.prioritized + queue.delayed
}

export interface Standing {
  tone: StatusTone
  word: string
}

export function standingOf(queue: Queue): Standing {
  if (queue.paused) return { tone: 'working', word: 'Paused' }
  if (queue.workers === 0) return { tone: 'failed', word: 'No worker' }
  if (queue.active > 0) return { tone: 'ready', word: 'Working' }
  return undoneCount(queue) > 0 ? { tone: 'working', word: 'Waiting' } : { tone: 'ready', word: 'Idle' }
}

/** "Since 23 Nov 2026, 14:05, by Ann Example"; from the shell it is nobody in particular. */
export function pausedInWords(queue: Queue): string {
  const who = queue.pausedByName === null ? 'from the shell' : `by ${queue.pausedByName}`
  const heldBack = heldBackBy(queue.name)
  return `Since ${formatDateTime(queue.pausedAt)}, ${who}${heldBack === null ? '' : `. ${heldBack} wait`}`
}

/** "2 × 3": workers times jobs at once in each; uneven ones are added up. */
export function workersInWords(queue: Queue): string {
  if (queue.workers === 0) return 'none'
  const each = queue.runningConcurrency / queue.workers
  return Number.isInteger(each)
    ? `${queue.workers} × ${each}`
    : `${queue.workers}, ${queue.runningConcurrency} at once`
}

/** How long until all is done at the pace of the last 15 minutes. */
export function etaInWords(queue: Queue): string {
  if (undoneCount(queue) + queue.active === 0) return 'nothing to do'
  if (queue.paused) return 'paused'
  return queue.etaSeconds === null ? 'not known yet' : formatDuration(queue.etaSeconds)
}

export function rateInWords(queue: Queue): string {
  const rate = queue.jobsPerMinute
  return `${rate >= 100 ? Math.round(rate) : rate.toFixed(1)} / min`
}

/** "2.5 %"; anything above nothing shows at least 0.1. */
export function failureRateInWords(queue: Queue): string {
  if (queue.failureRate === null) return 'nothing ended'
  const percent = queue.failureRate * 100
  if (percent === 0) return '0 %'
  return `${Math.max(0.1, percent).toFixed(1)} %`
}

export function oldestInWords(queue: Queue): string {
  return queue.oldestWaitingSeconds === null ? '–' : formatDuration(queue.oldestWaitingSeconds)
}

export function workerStanding(worker: QueueWorker): Standing {
  if (worker.stoppedAt !== null) return { tone: 'unknown', word: 'Stopped' }
  return worker.alive ? { tone: 'ready', word: 'Alive' } : { tone: 'failed', word: 'Silent' }
}

/** In the order of the cards. */
export function queuesOf(worker: QueueWorker): string {
  const order: readonly string[] = QUEUE_NAMES
  return Object.entries(worker.queues)
    .toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([name, atOnce]) => `${name} × ${atOnce}`)
    .join(', ')
}

/** Those that work first, then those that should, then those that have ended; the newest sign of life first. */
export function sortWorkers(workers: readonly QueueWorker[]): QueueWorker[] {
  const rank = (worker: QueueWorker): number => (worker.stoppedAt !== null ? 2 : worker.alive ? 0 : 1)
  return workers.toSorted((a, b) => rank(a) - rank(b) || b.seenAt.localeCompare(a.seenAt))
}

export interface Trouble {
  kind: 'failed' | 'working'
  title: string
  words: string
}

/** What an administrator should look at first. */
export function troublesOf(stats: QueueStats): Trouble[] {
  const troubles: Trouble[] = []
  if (stats.redis !== 'ok') {
    troubles.push({
      kind: 'failed',
      title: 'Redis does not answer',
      words:
        'Nothing is lost: uploads are taken and kept, and their jobs start when Redis is back. Pausing and resuming is noted and holds from then on.',
    })
  }
  const isServed = stats.workers.some((worker) => worker.alive)
  if (!isServed) {
    troubles.push({
      kind: 'failed',
      title: 'No worker gives a sign of life',
      words:
        'Uploads are kept and wait. Start “mammogram-viewer worker” on the server; its log says why it stopped.',
    })
  }
  const silent = stats.workers.filter((worker) => !worker.alive && worker.stoppedAt === null).length
  if (isServed && silent > 0) {
    troubles.push({
      kind: 'working',
      title: `${plural(silent, 'worker')} went silent without stopping`,
      words: 'What such a worker had in hand is given to another one within seconds.',
    })
  }
  return troubles
}
