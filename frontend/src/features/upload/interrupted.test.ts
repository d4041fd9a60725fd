import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { UnfinishedUpload } from '@/shared/api/types'
import { offerInterrupted } from './interrupted'
import { discardUpload } from './resumable'

type Answer = UnfinishedUpload[] | number | 'silence'

/** What the server answers to one look after the other; the last for ever. */
let answers: Answer[] = []
let looks = 0
/** What it answers to DELETE, in turn. */
let deletions: (number | 'silence')[] = []
let offered: string[] = []
let leaving = new AbortController()

function upload(id: string, offset: number, busy = false): UnfinishedUpload {
  return { id, offset, busy, name: `${id}.dcm`, byteCount: 100, status: 'receiving' } as UnfinishedUpload
}

function respond(_: string, options: { method?: string; signal?: AbortSignal }): Promise<Response> {
  const answer = options.method === 'DELETE' ? (deletions.shift() ?? 204) : nextLook()
  if (answer === 'silence') return Promise.reject(new TypeError('Failed to fetch'))
  if (typeof answer === 'number') return Promise.resolve(new Response(null, { status: answer }))
  return Promise.resolve(Response.json({ uploads: answer }))
}

function nextLook(): Answer {
  looks += 1
  return (answers.length > 1 ? answers.shift() : answers[0]) ?? []
}

function begin(): void {
  void offerInterrupted((uploads) => offered.push(...uploads.map(({ id }) => id)), leaving.signal)
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', respond)
  looks = 0
  offered = []
  deletions = []
  leaving = new AbortController()
})
afterEach(() => {
  leaving.abort()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('what nobody sends is offered at the first look, and nothing more is asked', async () => {
  answers = [[upload('a', 10), upload('b', 0)]]
  begin()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(offered).toEqual(['a', 'b'])
  expect(looks).toBe(1)
})

test('what the request of a closed page still holds is offered as soon as that has ended', async () => {
  answers = [[upload('a', 10, true), upload('b', 5)], [upload('a', 10, true)], [upload('a', 10)]]
  begin()
  await vi.advanceTimersByTimeAsync(0)
  expect(offered).toEqual(['b'])
  await vi.advanceTimersByTimeAsync(5000)
  expect(offered).toEqual(['b', 'a'])
})

test('what grows is sent by another page, also between two of its requests', async () => {
  answers = [[upload('a', 10, true)], [upload('a', 20)], [upload('a', 30)], [upload('a', 40, true)], []]
  begin()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(offered).toEqual([])
  expect(looks).toBe(5)
})

test('what begins after the first look is of a page that is open', async () => {
  answers = [[upload('a', 10, true)], [upload('a', 10), upload('b', 0)]]
  begin()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(offered).toEqual(['a'])
})

test('a server that is away for a while takes no offer away, a refusal ends it', async () => {
  answers = ['silence', 503, [upload('a', 10)]]
  begin()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(offered).toEqual(['a'])
  answers = [403]
  looks = 0
  begin()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(looks).toBe(1)
})

test('who has left is asked for no more', async () => {
  answers = [[upload('a', 10, true)]]
  begin()
  await vi.advanceTimersByTimeAsync(0)
  leaving.abort()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(looks).toBe(1)
})

test('an upload is let go even when its last request takes half a minute to end or the line breaks', async () => {
  deletions = [423, 423, 'silence', 423, 502, 423, 423, 423, 204]
  let isDone = false
  void discardUpload('/api/uploads/resumable/a').then(() => (isDone = true))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(isDone).toBe(false)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(isDone).toBe(true)
  expect(deletions).toEqual([])
})

test('what is being let go is not offered again', async () => {
  deletions = Array.from({ length: 30 }, () => 423)
  void discardUpload('/api/uploads/resumable/a')
  answers = [[upload('a', 10), upload('b', 0)]]
  begin()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(offered).toEqual(['b'])
})
