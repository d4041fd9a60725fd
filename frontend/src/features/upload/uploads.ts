import { ApiProblem, messageOf, NoConnection } from '@/shared/api/client'
import { connection, useConnection } from '@/shared/api/connection'
import { announceImages } from '@/shared/api/imageEvents'
import { isOver, retryJob } from '@/shared/api/jobs'
import { meQuery, publicSettingsQuery, queryClient } from '@/shared/api/queries'
import { session, useSessionState } from '@/shared/api/session'
import type { UnfinishedUpload } from '@/shared/api/types'
import { JobWatch } from './jobWatch'
import { BeginAgain, discardUpload, isSameFile, RESUMABLE_BYTES, sendResumable, urlOf } from './resumable'
import { refusalOf, refusedHere, type Sending, sendFile } from './send'
import {
  advance,
  interruptedItem,
  type JobNews,
  newItem,
  type UploadEvent,
  type UploadItem,
} from './uploadItem'
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
/** Another request of the same upload is only just ending. */
const LOCKED_SECONDS = 1
/** Added in one go; between two goes the page gets its turn. A browser looks each file's size up on the disk. */
const ADDED_AT_ONCE = 100

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
/** Of resumable uploads that have begun: where they go on. */
const urls = new Map<number, string>()
const interrupted = new Map<number, UnfinishedUpload>()
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

export async function addFiles(added: readonly NamedFile[]): Promise<void> {
  for (let start = 0; start < added.length; start += ADDED_AT_ONCE) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve))
    addSome(added.slice(start, start + ADDED_AT_ONCE))
  }
}

function addSome(added: readonly NamedFile[]): void {
  // What is known now must do: a question to the server would wait for ever when the line is down.
  ownerId = queryClient.getQueryData(meQuery.queryKey)?.user.id ?? ownerId
  for (const { file, name } of added) {
    const isBegun = (upload: UnfinishedUpload) =>
      upload.byteCount === file.size && upload.name === name.normalize('NFC')
    const begun = [...interrupted].find(([, upload]) => isBegun(upload))
    if (begun) {
      void continueWith(begun[0], file).then((isSame) => (isSame ? undefined : addNew(file, name)))
    } else {
      addNew(file, name)
    }
  }
}

function addNew(file: File, name: string): void {
  const limits = queryClient.getQueryData(publicSettingsQuery.queryKey)
  lastId += 1
  const item = newItem(lastId, name, file.size, file.size >= RESUMABLE_BYTES)
  indexById.set(item.id, items.push(item) - 1)
  files.set(item.id, file)
  const reason = refusedHere(file, limits?.maxUploadBytes ?? null)
  if (reason !== null) apply(item.id, { kind: 'refused', reason })
  redrawSoon()
  pump()
}

/** The person gives the file of an interrupted upload again; another one changes nothing. */
export async function continueWith(id: number, file: File): Promise<boolean> {
  const upload = interrupted.get(id)
  if (!upload) return false
  const { lastmodified = '', headsha256 } = upload.metadata
  if (!(await isSameFile(file, upload.byteCount, { lastmodified, headsha256 }))) {
    const reason = 'This is another file than the one that was begun. Nothing was lost; choose that one.'
    apply(id, { kind: 'mismatched', reason })
    return false
  }
  interrupted.delete(id)
  files.set(id, file)
  ownerId = queryClient.getQueryData(meQuery.queryKey)?.user.id ?? ownerId
  apply(id, { kind: 'continued' })
  lookFrom(id)
  pump()
  return true
}

/** What an earlier page began and did not end. */
export function showInterrupted(unfinished: readonly UnfinishedUpload[]): void {
  const known = new Set(urls.values())
  for (const upload of unfinished) {
    const url = urlOf(upload)
    if (known.has(url)) continue
    lastId += 1
    indexById.set(lastId, items.push(interruptedItem(lastId, upload)) - 1)
    urls.set(lastId, url)
    interrupted.set(lastId, upload)
  }
  redrawSoon()
}

export function pauseUpload(id: number): void {
  apply(id, { kind: 'paused' })
  sendings.get(id)?.abort()
}

export function continueUpload(id: number): void {
  if (!files.has(id)) return
  apply(id, { kind: 'continued' })
  lookFrom(id)
  pump()
}

export function pauseAllUploads(): void {
  for (const item of items) if (item.state === 'waiting' || item.state === 'sending') pauseUpload(item.id)
}

export function continueAllUploads(): void {
  for (const item of items) if (item.state === 'paused') continueUpload(item.id)
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
  const sending = startSending(item, file)
  sendings.set(id, sending)
  const epoch = session.epoch()
  try {
    const answer = await sending.answer
    urls.delete(id)
    const next = apply(id, { kind: 'answered', answer })
    for (const part of next?.parts ?? []) {
      if (!isOver(part.jobState) || next?.state !== 'ready') watch.add(part.jobId)
    }
    if (next?.state === 'processing' || next?.state === 'ready') announceArrivalsSoon()
  } catch (error) {
    handleTrouble(id, error, epoch)
  } finally {
    // One that was paused and continued at once may be sent by another request already.
    if (sendings.get(id) === sending) sendings.delete(id)
    pump()
  }
}

function startSending(item: UploadItem, file: File): Sending {
  const progressed = (sentByteCount: number) => void apply(item.id, { kind: 'progressed', sentByteCount })
  if (!item.isResumable) return sendFile(file, item.name, progressed)
  const begun = (url: string) => void (indexById.has(item.id) ? urls.set(item.id, url) : discardUpload(url))
  return sendResumable(file, item.name, urls.get(item.id) ?? null, begun, progressed)
}

function handleTrouble(id: number, error: unknown, epoch: number): void {
  // A person paused or removed it: what the line says of it afterwards is no news.
  if (items[indexById.get(id) ?? -1]?.state !== 'sending') return
  if (error instanceof NoConnection) handleBreak(id)
  else if (error instanceof BeginAgain) beginAgain(id)
  else if (error instanceof ApiProblem) handleProblem(id, error, epoch)
  else if (error instanceof DOMException)
    apply(id, { kind: 'refused', reason: 'Stopped. Nothing of it was kept.' })
  else apply(id, { kind: 'gaveUp', reason: messageOf(error) })
}

function handleBreak(id: number): void {
  const item = apply(id, { kind: 'postponed', isBreak: true })
  // What is resumable loses nothing by a break.
  if (item && !item.isResumable && item.breaks >= MOST_BREAKS) {
    const reason = `The line broke ${MOST_BREAKS} times while this file was sent. Nothing of it was kept; try again.`
    apply(id, { kind: 'gaveUp', reason })
  } else {
    lookFrom(id)
  }
  connection.lost()
}

function beginAgain(id: number): void {
  urls.delete(id)
  apply(id, { kind: 'forgotten' })
  postpone(id)
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
  } else if (problem.status === 423 || problem.code === 'wrong_offset' || problem.status === 460) {
    postpone(id)
    waitWhileBusy(LOCKED_SECONDS)
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
  const url = urls.get(id)
  if (url !== undefined) void discardUpload(url)
  keepOnly((item) => item.id !== id)
}

export function clearFinishedUploads(): void {
  const isUnfinished = new Set(['waiting', 'sending', 'paused', 'interrupted', 'processing'])
  keepOnly((item) => isUnfinished.has(item.state))
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
  return items.some((item) => ['waiting', 'sending', 'paused'].includes(item.state))
}

function keepOnly(isKept: (item: UploadItem) => boolean): void {
  const kept = items.filter(isKept)
  const keptIds = new Set(kept.map((item) => item.id))
  for (const memory of [files, urls, interrupted]) {
    for (const id of memory.keys()) if (!keptIds.has(id)) memory.delete(id)
  }
  items.splice(0, items.length, ...kept)
  indexById.clear()
  items.forEach((item, index) => indexById.set(item.id, index))
  nextToSend = 0
  redrawSoon()
}

/** Reports on many jobs at once; only the items that wait for one of them change. */
function receiveJobs(jobs: ReadonlyMap<string, JobNews>): void {
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
