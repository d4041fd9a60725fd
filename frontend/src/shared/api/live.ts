import { create } from 'zustand'
import { parseObject } from '@/shared/api/client'
import { meQuery, queryClient } from '@/shared/api/queries'
import { session } from '@/shared/api/session'
import type { LiveJob, LiveQueues, LiveSnapshot } from '@/shared/api/types'

/**
 * The one event stream of this page: what happens to one's uploads, as it happens. While it is there, pages ask
 * seldom; without it they poll. Invariant: nothing depends on it; each connection begins with a snapshot, upon which
 * everything is read again.
 */
export interface LiveEvents {
  snapshot: LiveSnapshot
  job: LiveJob
  unread: { unread: number }
  queues: LiveQueues
}

type LiveName = keyof LiveEvents
type Listener = (event: never) => void

const NAMES: readonly LiveName[] = ['snapshot', 'job', 'unread', 'queues']
/** Browsers allow few connections to one server: pages that nobody looks at give theirs back. */
const HIDDEN_MILLISECONDS = 10_000
const REFUSED_MILLISECONDS = 20_000

export const useLive = create<{ isLive: boolean }>(() => ({ isLive: false }))

const listeners = new Map<LiveName, Set<Listener>>(NAMES.map((name) => [name, new Set()]))
let readers = 0
let queueWatchers = 0
let source: EventSource | null = null
let withQueues = false
let lastEventId = ''
let hideTimer: ReturnType<typeof setTimeout> | null = null
let retryTimer: ReturnType<typeof setTimeout> | null = null

export function onLive<K extends LiveName>(name: K, listener: (event: LiveEvents[K]) => void): () => void {
  const known = listeners.get(name)
  known?.add(listener)
  return () => known?.delete(listener)
}

/** While somebody is signed in. The answer closes it again. */
export function openLive(): () => void {
  readers += 1
  settle()
  return () => {
    readers -= 1
    // Another person's stream begins afresh.
    if (readers === 0) lastEventId = ''
    settle()
  }
}

/** The counts of all queues too; for administrators, while they look at them. */
export function watchQueues(): () => void {
  queueWatchers += 1
  settle()
  return () => {
    queueWatchers -= 1
    settle()
  }
}

/** Opens, closes or changes the stream, as it is wanted now. */
function settle(): void {
  const isWanted = readers > 0 && !isHidden()
  const wantsQueues = queueWatchers > 0
  if (source !== null && (!isWanted || wantsQueues !== withQueues)) close()
  if (source === null && retryTimer === null && isWanted) open(wantsQueues)
}

function isHidden(): boolean {
  return document.visibilityState === 'hidden' && hideTimer === null
}

function open(wantsQueues: boolean): void {
  const query = new URLSearchParams()
  if (wantsQueues) query.set('scope', 'queues')
  if (lastEventId) query.set('lastEventId', lastEventId)
  const text = query.toString()
  const opened = new EventSource(`/api/events${text ? `?${text}` : ''}`)
  source = opened
  withQueues = wantsQueues
  for (const name of NAMES) {
    opened.addEventListener(name, (event: MessageEvent<string>) => {
      if (source !== opened) return
      if (event.lastEventId) lastEventId = event.lastEventId
      // Only what has come shows that it works: a proxy may take the question and swallow the answer.
      useLive.setState({ isLive: true })
      tell(name, parseObject(event.data))
    })
  }
  opened.addEventListener('end', (event: MessageEvent<string>) => {
    if (source === opened && parseObject(event.data).reason === 'signed_out') signedOut()
  })
  opened.addEventListener('error', () => {
    if (source === opened) broken(opened)
  })
}

function tell(name: LiveName, event: Record<string, unknown>): void {
  for (const listener of listeners.get(name) ?? []) listener(event as never)
}

/** The browser comes back by itself after a break; not after a refusal (too many streams, a server that stops). */
function broken(opened: EventSource): void {
  useLive.setState({ isLive: false })
  if (opened.readyState !== EventSource.CLOSED) return
  close()
  retryLater()
}

/** Session or role have ended. Who is still signed in goes on with what they may do now. */
function signedOut(): void {
  const epoch = session.epoch()
  close()
  retryLater()
  queryClient
    .fetchQuery({ ...meQuery, staleTime: 0 })
    .then((me) => (me === null ? session.ended(epoch) : undefined))
    .catch(() => undefined)
}

function retryLater(): void {
  retryTimer ??= setTimeout(() => {
    retryTimer = null
    settle()
  }, REFUSED_MILLISECONDS)
}

function close(): void {
  source?.close()
  source = null
  useLive.setState({ isLive: false })
}

document.addEventListener('visibilitychange', () => {
  if (hideTimer !== null) clearTimeout(hideTimer)
  hideTimer = null
  if (document.visibilityState === 'hidden') {
    hideTimer = setTimeout(() => {
      hideTimer = null
      settle()
    }, HIDDEN_MILLISECONDS)
  }
  settle()
})
window.addEventListener('pagehide', close)
window.addEventListener('pageshow', settle)
