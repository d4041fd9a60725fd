import { ApiProblem, messageOf, NoConnection } from '@/shared/api/client'
import { connection, useConnection } from '@/shared/api/connection'
import { announceImages } from '@/shared/api/imageEvents'
import { isOver, retryJob } from '@/shared/api/jobs'
import { meQuery, publicSettingsQuery, queryClient } from '@/shared/api/queries'
import { session, useSessionState } from '@/shared/api/session'
import type { Job } from '@/shared/api/types'
import { formatMegabytes } from '@/shared/format/numbers'
import { JobWatch } from './jobWatch'
import { refusalOf, type Sending, sendFile } from './send'
import { advance, newItem, type UploadEvent, type UploadItem } from './uploadItem'
import { orderForTray, SpeedMeter, totalsOf, type UploadTotals } from './uploadTotals'

/**
 * The one queue of the page. It lives outside React, so that ten thousand files cost a redraw a few times a
 * second and not one per event. Invariant: a file is sent only for the person who dropped it.
 */
const CONCURRENT_UPLOADS = 3
const REDRAW_MILLISECONDS = 200
/** Some servers close the line instead of answering 413: after this many breaks in a row it is the file. */
const MOST_BREAKS = 4
const BUSY_SECONDS = 5

export type Pause = 'offline' | 'signed-out' | 'storage-full' | 'busy' | null

export interface UploadSnapshot {
  items: readonly UploadItem[]
  order: readonly number[]
  totals: UploadTotals
  bytesPerSecond: number | null
  pause: Pause
  pauseReason: string | null
}

const items: UploadItem[] = []
const indexById = new Map<number, number>()
const files = new Map<number, File>()
const sendings = new Map<number, Sending>()
const listeners = new Set<() => void>()
const speed = new SpeedMeter()
let lastId = 0
let nextToSend = 0
let ownerId: number | null = null
let blocked: { pause: 'storage-full' | 'busy'; reason: string } | null = null
let redrawTimer: ReturnType<typeof setTimeout> | null = null
let snapshot = takeSnapshot()

const watch = new JobWatch(receiveJobs)

function takeSnapshot(): UploadSnapshot {
  const totals = totalsOf(items)
  if (totals.byState.sending > 0) speed.add(performance.now(), totals.sentByteCount)
  else speed.reset()
  return {
    items: [...items],
    order: orderForTray(items),
    totals,
    bytesPerSecond: speed.bytesPerSecond(),
    pause: totals.isWorking ? presentPause() : null,
    pauseReason: blocked?.reason ?? null,
  }
}

function presentPause(): Pause {
  if (useSessionState.getState().hasEnded) return 'signed-out'
  if (connection.isLost()) return 'offline'
  return blocked?.pause ?? null
}

export function subscribeToUploads(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function uploadSnapshot(): UploadSnapshot {
  return snapshot
}

function redrawSoon(): void {
  redrawTimer ??= setTimeout(() => {
    redrawTimer = null
    snapshot = takeSnapshot()
    for (const listener of listeners) listener()
  }, REDRAW_MILLISECONDS)
}

function apply(id: number, event: UploadEvent): UploadItem | null {
  const index = indexById.get(id)
  const item = index === undefined ? undefined : items[index]
  if (index === undefined || !item) return null
  const next = advance(item, event)
  items[index] = next
  // The file itself is only kept while it may have to be sent (again).
  if (next.parts.length > 0) files.delete(id)
  redrawSoon()
  return next
}

export interface NamedFile {
  file: File
  name: string
}

export function addFiles(added: readonly NamedFile[]): void {
  if (added.length === 0) return
  // What is known now must do: a question to the server would wait for ever when the line is down.
  const me = queryClient.getQueryData(meQuery.queryKey)
  const limits = queryClient.getQueryData(publicSettingsQuery.queryKey)
  ownerId = me?.user.id ?? ownerId
  for (const { file, name } of added) {
    lastId += 1
    const item = newItem(lastId, name, file.size)
    indexById.set(item.id, items.push(item) - 1)
    files.set(item.id, file)
    const reason = refusedHere(file, limits?.maxUploadBytes ?? null)
    if (reason !== null) apply(item.id, { kind: 'refused', reason })
  }
  redrawSoon()
  pump()
}

/** What the server would refuse anyway is said at once, without sending it. */
function refusedHere(file: File, maxUploadBytes: number | null): string | null {
  if (file.size === 0) return 'The file is empty. Nothing was sent.'
  if (maxUploadBytes !== null && file.size > maxUploadBytes) {
    return `It has ${formatMegabytes(file.size)}; at most ${formatMegabytes(maxUploadBytes)} are taken. Nothing was sent.`
  }
  return null
}

function pump(): void {
  if (presentPause() !== null) {
    redrawSoon()
    return
  }
  const me = queryClient.getQueryData(meQuery.queryKey)
  if (me && ownerId !== null && me.user.id !== ownerId) {
    abandonUploads()
    return
  }
  while (sendings.size < CONCURRENT_UPLOADS) {
    const item = takeWaiting()
    if (!item) break
    void send(item.id)
  }
}

function takeWaiting(): UploadItem | null {
  while (nextToSend < items.length) {
    const item = items[nextToSend]
    if (item?.state === 'waiting') return item
    nextToSend += 1
  }
  return null
}

/** An item that goes back into the queue may lie before the place where we look. */
function lookFrom(id: number): void {
  nextToSend = Math.min(nextToSend, indexById.get(id) ?? 0)
}

async function send(id: number): Promise<void> {
  const file = files.get(id)
  const item = apply(id, { kind: 'started' })
  if (!file || !item) return
  const sending = sendFile(file, item.name, (sentByteCount) =>
    apply(id, { kind: 'progressed', sentByteCount }),
  )
  sendings.set(id, sending)
  const epoch = session.epoch()
  try {
    const answer = await sending.answer
    const next = apply(id, { kind: 'answered', answer })
    for (const part of next?.parts ?? []) {
      if (!isOver(part.jobState) || next?.state !== 'ready') watch.add(part.jobId)
    }
    if (next?.state === 'processing' || next?.state === 'ready') announceArrivalsSoon()
  } catch (error) {
    handleTrouble(id, error, epoch)
  } finally {
    sendings.delete(id)
    pump()
  }
}

function handleTrouble(id: number, error: unknown, epoch: number): void {
  if (error instanceof NoConnection) handleBreak(id)
  else if (error instanceof ApiProblem) handleProblem(id, error, epoch)
  else if (error instanceof DOMException)
    apply(id, { kind: 'refused', reason: 'Stopped. Nothing of it was kept.' })
  else apply(id, { kind: 'gaveUp', reason: messageOf(error) })
}

function handleBreak(id: number): void {
  const item = apply(id, { kind: 'postponed', isBreak: true })
  if (item && item.breaks >= MOST_BREAKS) {
    const reason = `The line broke ${MOST_BREAKS} times while this file was sent. Nothing of it was kept; try again.`
    apply(id, { kind: 'gaveUp', reason })
  } else {
    lookFrom(id)
  }
  connection.lost()
}

function handleProblem(id: number, problem: ApiProblem, epoch: number): void {
  if (problem.status === 401) {
    postpone(id)
    session.ended(epoch)
  } else if (problem.status === 507) {
    postpone(id)
    blocked = { pause: 'storage-full', reason: problem.detail }
  } else if (problem.status === 429 || problem.status === 503) {
    postpone(id)
    waitWhileBusy(problem.retryAfterSeconds ?? BUSY_SECONDS)
  } else if (problem.status >= 500) {
    apply(id, { kind: 'gaveUp', reason: problem.detail })
  } else {
    apply(id, { kind: 'refused', reason: refusalOf(problem) })
  }
}

function postpone(id: number): void {
  apply(id, { kind: 'postponed', isBreak: false })
  lookFrom(id)
}

function waitWhileBusy(seconds: number): void {
  if (blocked) return
  blocked = { pause: 'busy', reason: 'The server asked to wait a moment; sending goes on by itself.' }
  setTimeout(() => {
    if (blocked?.pause === 'busy') blocked = null
    redrawSoon()
    pump()
  }, seconds * 1000)
}

/** After storage was full: the person says that there is room again. */
export function resumeUploads(): void {
  blocked = null
  redrawSoon()
  pump()
}

export function retryUpload(id: number): void {
  const before = items[indexById.get(id) ?? -1]
  const item = apply(id, { kind: 'retried' })
  if (!before || !item || item === before) return
  if (item.state === 'waiting') {
    lookFrom(id)
    pump()
    return
  }
  for (const part of before.parts) {
    if (part.jobState === 'completed') continue
    retryJob(part.jobId)
      .catch((error: unknown) => {
        // Somebody else retried it already: its state is read all the same.
        if (!(error instanceof ApiProblem && error.status === 409)) throw error
      })
      .then(() => watch.add(part.jobId))
      .catch(() => watch.add(part.jobId))
  }
}

export function retryAllUploads(): void {
  for (const item of items) {
    if (item.state === 'failed') retryUpload(item.id)
  }
}

export function removeUpload(id: number): void {
  sendings.get(id)?.abort()
  keepOnly((item) => item.id !== id)
}

export function clearFinishedUploads(): void {
  keepOnly((item) => item.state === 'waiting' || item.state === 'sending' || item.state === 'processing')
}

/** Stops what is not sent yet; what the server has, it finishes. */
export function abandonUploads(): void {
  for (const sending of sendings.values()) sending.abort()
  watch.clear()
  keepOnly(() => false)
  blocked = null
  ownerId = null
}

export function hasUploadsUnderWay(): boolean {
  return items.some((item) => item.state === 'waiting' || item.state === 'sending')
}

function keepOnly(isKept: (item: UploadItem) => boolean): void {
  const kept = items.filter(isKept)
  const keptIds = new Set(kept.map((item) => item.id))
  for (const id of files.keys()) if (!keptIds.has(id)) files.delete(id)
  items.splice(0, items.length, ...kept)
  indexById.clear()
  items.forEach((item, index) => indexById.set(item.id, index))
  nextToSend = 0
  redrawSoon()
}

/** Reports on many jobs at once; only the items that wait for one of them change. */
function receiveJobs(jobs: ReadonlyMap<string, Job>): void {
  const finished: number[] = []
  for (const item of items) {
    if (item.state !== 'processing' || !item.parts.some((part) => jobs.has(part.jobId))) continue
    apply(item.id, { kind: 'reported', jobs })
  }
  for (const job of jobs.values()) if (isOver(job.state) && job.imageId !== null) finished.push(job.imageId)
  if (finished.length > 0) announceImages({ kind: 'changed', imageIds: finished })
}

let arrivalTimer: ReturnType<typeof setTimeout> | null = null

function announceArrivalsSoon(): void {
  arrivalTimer ??= setTimeout(() => {
    arrivalTimer = null
    announceImages({ kind: 'arrived' })
  }, 700)
}

useConnection.subscribe((state) => {
  redrawSoon()
  if (!state.isLost) pump()
})
useSessionState.subscribe((state) => {
  redrawSoon()
  if (!state.hasEnded) pump()
})
