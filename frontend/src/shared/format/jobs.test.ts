import { describe, expect, test } from 'vitest'
import {
  attemptsInWords,
  eventInWords,
  formatTook,
  jobKindInWords,
  standingInWords,
} from '@/shared/format/jobs'

const AT = '2026-11-23T14:05:00Z'

test('a duration keeps the digits that tell something', () => {
  expect(formatTook(0)).toBe('0 ms')
  expect(formatTook(80.4)).toBe('80 ms')
  expect(formatTook(1440)).toBe('1.4 s')
  expect(formatTook(125_000)).toBe('2 min 5 s')
})

test('an event says its attempt and how long that took', () => {
  expect(eventInWords({ at: AT, event: 'failed', attempt: 2, durationMs: 1440 })).toBe(
    'Attempt 2 failed, after 1.4 s',
  )
  expect(eventInWords({ at: AT, event: 'completed', attempt: 1, durationMs: 0 })).toBe(
    'Completed by attempt 1, after 0 ms',
  )
  expect(eventInWords({ at: AT, event: 'received' })).toBe('Received')
})

test('an event that the page does not know is shown as it is', () => {
  expect(eventInWords({ at: AT, event: 'moved' })).toBe('moved')
  expect(jobKindInWords('sweep_spool')).toBe('Sweep spool')
})

describe('attempts', () => {
  test('none has begun', () => {
    expect(attemptsInWords({ attemptsMade: 0, attempts: 3 })).toBeNull()
  })
  test('never more than there can be', () => {
    expect(attemptsInWords({ attemptsMade: 2, attempts: 3 })).toBe('attempt 2 of 3')
    expect(attemptsInWords({ attemptsMade: 4, attempts: 3 })).toBe('attempt 4')
  })
})

test('an unfinished job says where it stands, an ended one does not', () => {
  expect(standingInWords({ state: 'delayed', attemptsMade: 1, attempts: 3 })).toContain(
    'before attempt 2 of 3',
  )
  expect(standingInWords({ state: 'waiting', attemptsMade: 0, attempts: 3 })).toContain('waits for a worker')
  expect(standingInWords({ state: 'completed', attemptsMade: 1, attempts: 3 })).toBeNull()
})
