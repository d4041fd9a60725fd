import { beforeEach, describe, expect, test } from 'vitest'
import { ApiProblem } from '@/shared/api/client'
import type { KeysetPage } from '@/shared/wall/keysetWindow'
import type { Placed } from '@/shared/wall/place'
import { ListServer, rowAt } from '@/shared/wall/randomList.testing'
import { type PageQuestion, Wall } from '@/shared/wall/wall'

let server: ListServer
let asked: { query: string; question: PageQuestion; signal: AbortSignal }[]
/** What the next question meets instead of an answer. */
let trouble: unknown
/** Holds answers back until it is called. */
let held: { wait: Promise<void>; go: () => void } | null
let wall: Wall<Placed, string>

function holdAnswers(): void {
  let go = () => {}
  const wait = new Promise<void>((resolve) => (go = resolve))
  held = { wait, go }
}

async function read(query: string, question: PageQuestion, signal: AbortSignal): Promise<KeysetPage<Placed>> {
  asked.push({ query, question, signal })
  const problem = trouble
  trouble = null
  if (held) await held.wait
  if (problem) throw problem
  return server.read(question)
}

beforeEach(() => {
  server = new ListServer(Array.from({ length: 50 }, (_, n) => rowAt(n + 1, n)))
  asked = []
  trouble = null
  held = null
  wall = new Wall({ name: 'test', pageSize: 10, read })
})

const rowIds = () => wall.use.getState().window?.rows.map((row) => row.id) ?? []

/** As the page does: the first tile in view lies in the middle of what is held. */
function lookAt(row: Placed): void {
  wall.anchor = { place: row, top: 60 }
  wall.isAtHead = false
}

test('a list opens at its head, its tail, or a place, and goes on both ways', async () => {
  await wall.open('a', 'a')
  expect(rowIds()).toEqual([50, 49, 48, 47, 46, 45, 44, 43, 42, 41])
  await wall.open('a', 'a', { kind: 'tail' })
  expect(rowIds().at(-1)).toBe(1)
  expect(wall.use.getState().window?.older).toBeNull()
  await wall.open('a', 'a', { kind: 'place', anchor: { place: rowAt(30, 29), top: 60 } })
  await Promise.all([wall.readNewer(), wall.readOlder()])
  expect(rowIds()).toEqual(Array.from({ length: 30 }, (_, n) => 40 - n))
})

test('what the wall has moved on from is cancelled, and its answer counts for nothing', async () => {
  holdAnswers()
  const first = wall.open('a', 'a')
  const second = wall.open('b', 'b')
  held?.go()
  await Promise.all([first, second])
  expect(asked.map(({ query, signal }) => [query, signal.aborted])).toEqual([
    ['a', true],
    ['b', false],
  ])
  expect(wall.use.getState().key).toBe('b')
  expect(rowIds()).toHaveLength(10)
})

test('one question for an end at a time', async () => {
  await wall.open('a', 'a')
  holdAnswers()
  const reading = [wall.readOlder(), wall.readOlder()]
  held?.go()
  await Promise.all(reading)
  expect(asked).toHaveLength(2)
  expect(rowIds()).toHaveLength(20)
})

test('a lost answer keeps what is held, and is asked again only when somebody says so', async () => {
  await wall.open('a', 'a')
  trouble = new Error('away')
  await wall.readOlder()
  expect(wall.use.getState().error).toEqual(new Error('away'))
  await wall.readOlder()
  expect(asked).toHaveLength(2)
  expect(rowIds()).toHaveLength(10)
  await wall.retry()
  await wall.readOlder()
  expect(rowIds()).toHaveLength(20)
})

test('a place that the server refuses leads to the head, and says so', async () => {
  trouble = new ApiProblem(400, { code: 'invalid_cursor' }, null)
  await wall.open('a', 'a', { kind: 'place', anchor: { place: rowAt(30, 29), top: 60 } })
  expect(rowIds()[0]).toBe(50)
  expect(wall.use.getState()).toMatchObject({ isPlaceRefused: true, error: null })
})

describe('what is new', () => {
  test('appears at the head', async () => {
    await wall.open('a', 'a')
    server.add(rowAt(51, 60))
    server.remove(49)
    await wall.refreshHead()
    expect(rowIds().slice(0, 3)).toEqual([51, 50, 48])
    expect(wall.use.getState().hasNews).toBe(false)
  })

  test('is only told of further down, and read when one looks there', async () => {
    await wall.open('a', 'a')
    lookAt(rowAt(45, 44))
    await wall.refreshHead()
    expect(wall.use.getState().hasNews).toBe(false)
    server.add(rowAt(51, 60))
    await wall.refreshHead()
    expect(wall.use.getState().hasNews).toBe(true)
    expect(rowIds()[0]).toBe(50)
    await wall.readNewer()
    expect(rowIds()[0]).toBe(51)
  })
})

test('what was deleted leaves, what is restored comes back to its place, and what is in view is pinned', async () => {
  await wall.open('a', 'a')
  lookAt(rowAt(45, 44))
  const gone = server.rows.find((row) => row.id === 48) as Placed
  server.remove(48)
  wall.remove([48])
  expect(rowIds()).not.toContain(48)
  expect(wall.use.getState().window?.pins).toContainEqual(rowAt(45, 44))
  server.add(gone)
  await wall.refresh(1, 9)
  expect(rowIds().slice(0, 4)).toEqual([50, 49, 48, 47])
  wall.remove([50])
  await wall.refresh(0, 9)
  expect(rowIds()[0]).toBe(50)
})

test('who signs out leaves nothing behind', async () => {
  await wall.open('a', 'a')
  wall.forget()
  expect(wall.use.getState()).toMatchObject({ key: null, query: null, window: null })
  expect(wall.anchor).toBeNull()
  await wall.refreshHead()
  expect(asked).toHaveLength(1)
})
