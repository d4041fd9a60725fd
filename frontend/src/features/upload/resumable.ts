import type { DetailedError, Upload } from 'tus-js-client'
import { ApiProblem, NoConnection, parseObject, request } from '@/shared/api/client'
import type { UnfinishedUpload, UploadAnswer } from '@/shared/api/types'
import type { Sending } from './send'

/**
 * Large files go over tus: what has come stays on the server when the line breaks or this page closes. Smaller ones
 * are quicker in one plain request.
 */
export const RESUMABLE_BYTES = 8 * 1024 * 1024
/** Of one request: what a refusal in the middle of it costs at most. */
const PIECE_BYTES = 32 * 1024 * 1024
const HEAD_BYTES = 1024 * 1024
const PATH = '/api/uploads/resumable'
const VERSION = { 'Tus-Resumable': '1.0.0' }

/** The server has nothing of it any more: the file is sent from its beginning. */
export class BeginAgain extends Error {}

/** What tells a file from another one of the same size; without https a browser offers no digests. */
export interface Fingerprint {
  headsha256?: string
  lastmodified: string
}

export async function fingerprintOf(file: File): Promise<Fingerprint> {
  const lastmodified = String(file.lastModified)
  if (!globalThis.isSecureContext) return { lastmodified }
  const digest = await crypto.subtle.digest('SHA-256', await file.slice(0, HEAD_BYTES).arrayBuffer())
  const bytes = [...new Uint8Array(digest)]
  return { lastmodified, headsha256: bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('') }
}

/** Whether a file in hand is the one that an upload was begun with. */
export async function isSameFile(file: File, byteCount: number, before: Fingerprint): Promise<boolean> {
  if (file.size !== byteCount) return false
  const now = await fingerprintOf(file)
  if (now.headsha256 !== undefined && before.headsha256 !== undefined) {
    return now.headsha256 === before.headsha256
  }
  return now.lastmodified === before.lastmodified
}

/** From where it stands: `url` null begins anew, and `onUrl` hears where it goes on later. */
export function sendResumable(
  file: File,
  name: string,
  url: string | null,
  onUrl: (url: string) => void,
  onProgress: (sentByteCount: number) => void,
): Sending {
  let isStopped = false
  let stop: ((reason: unknown) => void) | null = null
  let upload: Upload | null = null
  async function run(): Promise<UploadAnswer> {
    const tus = await tusClient()
    const target = url ?? (await create(file, name))
    onUrl(target)
    if (isStopped) throw stopped()
    const sent = new Promise<void>((resolve, reject) => {
      stop = reject
      upload = new tus.Upload(file, {
        uploadUrl: target,
        chunkSize: PIECE_BYTES,
        // The queue of the page decides when to try again: it knows of the line and the session.
        retryDelays: null,
        storeFingerprintForResuming: false,
        onProgress,
        onSuccess: () => resolve(),
        onError: (error) => reject(error),
      })
      upload.start()
    })
    try {
      await sent
    } catch (error) {
      if (!(error instanceof tus.DetailedError)) throw error
      const ended = await whatRemains(target, error)
      if (ended === null) throw translated(error)
      return readOutcome(ended)
    }
    return readOutcome(await request<UnfinishedUpload>(target))
  }
  return {
    answer: run(),
    abort: () => {
      isStopped = true
      void upload?.abort(false)
      stop?.(stopped())
    },
  }
}

function stopped(): DOMException {
  return new DOMException('Stopped', 'AbortError')
}

/** Comes with the first large file: the gallery does not wait for it. */
async function tusClient() {
  try {
    return await import('tus-js-client')
  } catch {
    throw new NoConnection()
  }
}

async function create(file: File, name: string): Promise<string> {
  const metadata = { filename: name, filetype: file.type, ...(await fingerprintOf(file)) }
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${base64(value)}`)
  let response: Response
  try {
    response = await fetch(PATH, {
      method: 'POST',
      headers: { ...VERSION, 'Upload-Length': String(file.size), 'Upload-Metadata': pairs.join(',') },
      credentials: 'same-origin',
    })
  } catch {
    throw new NoConnection()
  }
  const place = response.headers.get('Location')
  if (response.ok && place !== null) return place
  throw new ApiProblem(
    response.status,
    parseObject(await response.text()),
    response.headers.get('Retry-After'),
  )
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

/** The offset could not be had: either the upload has ended, and says how, or nothing is left of it. */
async function whatRemains(url: string, error: DetailedError): Promise<UnfinishedUpload | null> {
  if (error.originalRequest.getMethod() !== 'HEAD') return null
  if (![404, 409, 410].includes(error.originalResponse?.getStatus() ?? 0)) return null
  try {
    const upload = await request<UnfinishedUpload>(url)
    if (upload.status !== 'receiving') return upload
  } catch (problem) {
    if (!(problem instanceof ApiProblem && problem.status === 404)) throw problem
  }
  throw new BeginAgain()
}

function translated(error: DetailedError): ApiProblem | NoConnection {
  const response = error.originalResponse
  if (response === null || response.getStatus() === 0) return new NoConnection()
  return new ApiProblem(
    response.getStatus(),
    parseObject(response.getBody()),
    response.getHeader('Retry-After') ?? null,
  )
}

function readOutcome(upload: UnfinishedUpload): UploadAnswer {
  // All bytes are there and nothing has come of them: the server broke in between, and is asked again.
  if (upload.status === 'receiving') throw new NoConnection()
  return { images: upload.images, rejected: upload.rejected }
}

/** Of these the server does not know yet that they are let go. */
const discarding = new Set<string>()

/** One's own uploads that may go on, with a file that only the person can give, and those that a request still sends. */
export async function fetchUnfinished(signal: AbortSignal): Promise<UnfinishedUpload[]> {
  const { uploads } = await request<{ uploads: UnfinishedUpload[] }>(PATH, { signal })
  return uploads.filter((upload) => upload.offset !== null && !discarding.has(urlOf(upload)))
}

export function urlOf(upload: UnfinishedUpload): string {
  return `${PATH}/${upload.id}`
}

/** Together longer than the server waits for a request that has fallen silent. */
const DISCARD_TRIES = 12
const DISCARD_SOONEST_MILLISECONDS = 500
const DISCARD_LATEST_MILLISECONDS = 5000

/** What has come is removed from the server; should it not hear of it, it forgets by itself after days. */
export async function discardUpload(url: string): Promise<void> {
  discarding.add(url)
  let pauseMilliseconds = DISCARD_SOONEST_MILLISECONDS
  for (let tries = 1; !(await isDiscarded(url)) && tries < DISCARD_TRIES; tries += 1) {
    await new Promise((wake) => setTimeout(wake, pauseMilliseconds))
    pauseMilliseconds = Math.min(2 * pauseMilliseconds, DISCARD_LATEST_MILLISECONDS)
  }
  discarding.delete(url)
}

/** Or that the server will not hear of it. Not while the request that was just stopped has not ended there. */
async function isDiscarded(url: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'DELETE',
    headers: VERSION,
    credentials: 'same-origin',
    keepalive: true,
  }).catch(() => null)
  return response !== null && response.status < 500 && ![423, 429].includes(response.status)
}
