import { isOver } from '@/shared/api/jobs'
import type { ImageStatus, Job, JobState, UnfinishedUpload, UploadAnswer } from '@/shared/api/types'
import { plural } from '@/shared/format/numbers'

/**
 * The life of one file: waiting → sending → processing → ready, rejected or failed; or refused, when the server
 * does not take it. A person may pause it. One that an earlier page began is interrupted: it waits for the person to
 * give the file again, because a page cannot keep it. Pure: an item and an event go in, the next item comes out. An event that does not fit the
 * state (a late progress message, a report on an unknown job) changes nothing.
 */
export type UploadState =
  | 'waiting'
  | 'sending'
  | 'paused'
  | 'interrupted'
  | 'processing'
  | 'ready'
  | 'rejected'
  | 'failed'
  | 'refused'

/** What is told of a job, by the list or by the event stream. */
export type JobNews = Pick<Job, 'id' | 'state' | 'progress' | 'error' | 'imageId'>

export interface UploadedPart {
  imageId: number
  jobId: string
  jobState: JobState
  progress: number
  reason: string | null
}

export interface UploadItem {
  id: number
  name: string
  byteCount: number
  state: UploadState
  /** What was sent of it stays on the server when sending breaks off. */
  isResumable: boolean
  sentByteCount: number
  /** How often sending broke off. */
  breaks: number
  reason: string | null
  /** Said beside a good end: already there, or some files inside a ZIP refused. */
  note: string | null
  /** What the server made of the file: one image, or several out of a ZIP. */
  parts: readonly UploadedPart[]
}

export type UploadEvent =
  | { kind: 'started' }
  | { kind: 'progressed'; sentByteCount: number }
  | { kind: 'answered'; answer: UploadAnswer }
  | { kind: 'refused'; reason: string }
  /** The line broke or the server is busy: it goes back into the queue. */
  | { kind: 'postponed'; isBreak: boolean }
  | { kind: 'gaveUp'; reason: string }
  | { kind: 'reported'; jobs: ReadonlyMap<string, JobNews> }
  | { kind: 'retried' }
  | { kind: 'paused' }
  /** Paused before, or interrupted and the file is there again. */
  | { kind: 'continued' }
  /** The file in hand is not the one that was begun. */
  | { kind: 'mismatched'; reason: string }
  /** The server has nothing of it any more. */
  | { kind: 'forgotten' }

export function newItem(id: number, name: string, byteCount: number, isResumable = false): UploadItem {
  return {
    id,
    name,
    byteCount,
    state: 'waiting',
    isResumable,
    sentByteCount: 0,
    breaks: 0,
    reason: null,
    note: null,
    parts: [],
  }
}

export function interruptedItem(id: number, upload: UnfinishedUpload): UploadItem {
  const item = newItem(id, upload.name, upload.byteCount, true)
  return { ...item, state: 'interrupted', sentByteCount: upload.offset ?? 0 }
}

/** What counts as sent when sending stops: all that came, or nothing. */
function kept(item: UploadItem): number {
  return item.isResumable ? item.sentByteCount : 0
}

export function advance(item: UploadItem, event: UploadEvent): UploadItem {
  switch (event.kind) {
    case 'started':
      return item.state === 'waiting'
        ? { ...item, state: 'sending', sentByteCount: kept(item), reason: null }
        : item
    case 'progressed':
      if (item.state !== 'sending') return item
      return {
        ...item,
        sentByteCount: Math.min(item.byteCount, Math.max(item.sentByteCount, event.sentByteCount)),
      }
    case 'answered':
      return item.state === 'sending' ? answered(item, event.answer) : item
    case 'refused':
      return isBeforeAnswer(item)
        ? { ...item, state: 'refused', sentByteCount: 0, reason: event.reason }
        : item
    case 'postponed':
      if (item.state !== 'sending') return item
      return {
        ...item,
        state: 'waiting',
        sentByteCount: kept(item),
        breaks: item.breaks + (event.isBreak ? 1 : 0),
      }
    case 'gaveUp':
      return isBeforeAnswer(item)
        ? { ...item, state: 'failed', sentByteCount: kept(item), reason: event.reason }
        : item
    case 'reported':
      return item.state === 'processing'
        ? settle({ ...item, parts: updateParts(item.parts, event.jobs) })
        : item
    case 'retried':
      return retried(item)
    case 'paused':
      return isBeforeAnswer(item) ? { ...item, state: 'paused', sentByteCount: kept(item) } : item
    case 'continued':
      return item.state === 'paused' || item.state === 'interrupted'
        ? { ...item, state: 'waiting', reason: null }
        : item
    case 'mismatched':
      return item.state === 'interrupted' ? { ...item, reason: event.reason } : item
    case 'forgotten':
      return { ...item, sentByteCount: 0 }
  }
}

function isBeforeAnswer(item: UploadItem): boolean {
  return item.state === 'waiting' || item.state === 'sending'
}

function answered(item: UploadItem, answer: UploadAnswer): UploadItem {
  const parts = answer.images.map((image) => ({
    imageId: image.id,
    jobId: image.jobId,
    jobState: stateOfJob(image.status),
    progress: image.status === 'ready' ? 1 : 0,
    reason: null,
  }))
  if (parts.length === 0) {
    const reason = answer.rejected[0]?.detail ?? 'The server kept nothing of this file.'
    return { ...item, state: 'refused', sentByteCount: 0, reason }
  }
  const sent = { ...item, state: 'processing' as const, sentByteCount: item.byteCount, reason: null, parts }
  return settle({ ...sent, note: noteOn(answer) })
}

function noteOn(answer: UploadAnswer): string | null {
  const notes: string[] = []
  const duplicates = answer.images.filter((image) => image.duplicate).length
  if (duplicates > 0) {
    notes.push(answer.images.length === 1 ? 'Already there' : `${plural(duplicates, 'image')} already there`)
  }
  const first = answer.rejected[0]
  if (first) notes.push(`${plural(answer.rejected.length, 'file')} inside refused: ${first.detail}`)
  return notes.length > 0 ? notes.join('. ') : null
}

function stateOfJob(status: ImageStatus): JobState {
  switch (status) {
    case 'ready':
      return 'completed'
    case 'processing':
      return 'active'
    case 'pending':
      return 'waiting'
    case 'rejected':
    case 'failed':
      return status
  }
}

function updateParts(
  parts: readonly UploadedPart[],
  jobs: ReadonlyMap<string, JobNews>,
): readonly UploadedPart[] {
  return parts.map((part) => {
    const job = jobs.get(part.jobId)
    return job ? { ...part, jobState: job.state, progress: job.progress, reason: job.error } : part
  })
}

/** The file is done when all that came out of it is done; the worst end counts. */
function settle(item: UploadItem): UploadItem {
  if (!item.parts.every((part) => isOver(part.jobState))) return item
  const failed = item.parts.find((part) => part.jobState === 'failed' || part.jobState === 'cancelled')
  const rejected = item.parts.find((part) => part.jobState === 'rejected')
  const bad = failed ?? rejected
  if (!bad) return { ...item, state: 'ready', reason: null }
  return {
    ...item,
    state: failed ? 'failed' : 'rejected',
    reason: bad.reason ?? 'It could not be converted. The original is kept; open the image to read why.',
  }
}

function retried(item: UploadItem): UploadItem {
  if (item.state !== 'failed' && item.state !== 'rejected' && item.state !== 'refused') return item
  if (item.parts.length === 0)
    return { ...item, state: 'waiting', sentByteCount: kept(item), breaks: 0, reason: null }
  const parts = item.parts.map((part) =>
    part.jobState === 'completed'
      ? part
      : { ...part, jobState: 'waiting' as const, progress: 0, reason: null },
  )
  return { ...item, state: 'processing', reason: null, parts }
}

/** What stands beside the name while the server works on it. */
export function stageInWords(item: UploadItem): string {
  switch (item.state) {
    case 'waiting':
      return item.breaks > 0 ? 'Waiting to try again' : 'Waiting'
    case 'sending':
      return item.sentByteCount >= item.byteCount ? 'Being stored' : 'Sending'
    case 'paused':
      return 'Paused'
    case 'interrupted':
      return 'Interrupted'
    case 'processing':
      return processingInWords(item)
    case 'ready':
      return item.note ?? 'Ready'
    case 'rejected':
      return 'Rejected'
    case 'failed':
      return 'Failed'
    case 'refused':
      return 'Refused'
  }
}

function processingInWords(item: UploadItem): string {
  if (item.parts.length > 1) {
    const done = item.parts.filter((part) => isOver(part.jobState)).length
    return `Converting ${done} of ${item.parts.length}`
  }
  const state = item.parts[0]?.jobState
  if (state === 'active') return 'Converting'
  return state === 'delayed' ? 'Queued, tried again soon' : 'Queued'
}
