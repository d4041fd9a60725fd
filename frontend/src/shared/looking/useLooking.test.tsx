import { act } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useLooking } from './useLooking'

let root: Root
let visibility: DocumentVisibilityState
const told: string[] = []

function Page({ images }: { images: readonly number[] }) {
  useLooking(images)
  return null
}

function show(images: readonly number[]): void {
  act(() => root.render(<Page images={images} />))
}

function turnTab(to: DocumentVisibilityState): void {
  visibility = to
  document.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.stubGlobal(
    'fetch',
    vi.fn<typeof fetch>((address, init) => {
      told.push(`${String(address)} ${String(init?.body)}`)
      return Promise.resolve(new Response(null, { status: 204 }))
    }),
  )
  vi.useFakeTimers()
  visibility = 'visible'
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility)
  told.length = 0
  root = createRoot(document.createElement('div'))
})

afterEach(() => {
  act(() => root.unmount())
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const SEVERAL = '/api/images/views/heartbeat'

test('several pictures are told together, so that the time counts once', () => {
  show([4, 5, 6])
  vi.advanceTimersByTime(15_000)
  expect(told).toEqual([`${SEVERAL} {"imageIds":[4,5,6],"seconds":15}`])
})

test('a picture alone is told by its own address, and none is told nothing', () => {
  show([4])
  vi.advanceTimersByTime(15_000)
  show([])
  vi.advanceTimersByTime(30_000)
  expect(told).toEqual(['/api/images/4/views/heartbeat {"seconds":15}'])
})

test('other pictures take over at the moment they come, and no part of a second is lost', () => {
  show([4, 5])
  vi.advanceTimersByTime(2600)
  show([6, 7])
  vi.advanceTimersByTime(1400)
  act(() => root.unmount())
  expect(told).toEqual([
    `${SEVERAL} {"imageIds":[4,5],"seconds":2}`,
    `${SEVERAL} {"imageIds":[6,7],"seconds":2}`,
  ])
  root = createRoot(document.createElement('div'))
})

test('of two tabs only the one that is looked at counts', () => {
  show([4, 5])
  vi.advanceTimersByTime(7000)
  turnTab('hidden')
  vi.advanceTimersByTime(40_000)
  turnTab('visible')
  vi.advanceTimersByTime(3000)
  turnTab('hidden')
  expect(told).toEqual([
    `${SEVERAL} {"imageIds":[4,5],"seconds":7}`,
    `${SEVERAL} {"imageIds":[4,5],"seconds":3}`,
  ])
})

test('who does not stir for a minute does not read, until they do', () => {
  show([4, 5])
  vi.advanceTimersByTime(195_000)
  const seconds = () => told.reduce((sum, one) => sum + Number(/"seconds":(\d+)/.exec(one)?.[1]), 0)
  expect(seconds()).toBe(60)
  window.dispatchEvent(new Event('pointermove'))
  vi.advanceTimersByTime(15_000)
  expect(seconds()).toBe(75)
})
