import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { calmly } from '@/shared/api/calmly'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a bulk of events is one question, and the last one is never lost', () => {
  const work = vi.fn<() => void>()
  const { ask } = calmly(work, 1000)
  for (let count = 0; count < 50; count += 1) ask()
  vi.advanceTimersByTime(100)
  expect(work).toHaveBeenCalledTimes(1)
  ask()
  vi.advanceTimersByTime(500)
  expect(work).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(500)
  expect(work).toHaveBeenCalledTimes(2)
  vi.advanceTimersByTime(60_000)
  expect(work).toHaveBeenCalledTimes(2)
})

test('what is stopped does nothing more', () => {
  const work = vi.fn<() => void>()
  const { ask, stop } = calmly(work, 1000)
  ask()
  stop()
  vi.advanceTimersByTime(5000)
  expect(work).not.toHaveBeenCalled()
})
