import { describe, expect, test } from 'vitest'
import type { Queue, QueueWorker } from '@/shared/api/types'
import {
  etaInWords,
  failureRateInWords,
  pausedInWords,
  queuesOf,
  sortWorkers,
  standingOf,
  troublesOf,
  undoneCount,
  workersInWords,
} from './queueWords'

const IDLE: Queue = {
  name: 'thumbnail',
  waiting: 0,
  prioritized: 0,
  active: 0,
  delayed: 0,
  completed: 0,
  rejected: 0,
  failed: 0,
  cancelled: 0,
  paused: false,
  pausedAt: null,
  pausedBy: null,
  pausedByName: null,
  workers: 1,
  concurrency: null,
  runningConcurrency: 5,
  jobsPerMinute: 0,
  oldestWaitingSeconds: null,
  etaSeconds: 0,
  failureRate: null,
}

function worker(id: string, more: Partial<QueueWorker>): QueueWorker {
  return {
    id,
    host: 'host',
    pid: 1,
    version: '0.1.0',
    queues: {},
    currentJobs: [],
    memoryBytes: 1,
    startedAt: '2026-11-23T10:00:00Z',
    seenAt: '2026-11-23T10:00:00Z',
    stoppedAt: null,
    alive: true,
    ...more,
  }
}

test('what a drain takes out is all that waits, and nothing that runs', () => {
  expect(undoneCount({ ...IDLE, waiting: 3, prioritized: 4, delayed: 5, active: 6, failed: 7 })).toBe(12)
})

describe('where a queue stands', () => {
  test('a pause is said before a missing worker, and a missing worker before work', () => {
    expect(standingOf({ ...IDLE, paused: true, workers: 0 }).word).toBe('Paused')
    expect(standingOf({ ...IDLE, workers: 0, active: 1 })).toEqual({ tone: 'failed', word: 'No worker' })
    expect(standingOf({ ...IDLE, active: 1, waiting: 9 }).word).toBe('Working')
    expect(standingOf({ ...IDLE, delayed: 1 }).word).toBe('Waiting')
    expect(standingOf(IDLE).word).toBe('Idle')
  })
  test('a pause from the shell has nobody to name', () => {
    const queue = { ...IDLE, paused: true, pausedAt: '2026-11-23T10:00:00Z' }
    expect(pausedInWords(queue)).toContain('from the shell')
    expect(pausedInWords({ ...queue, pausedByName: 'Ann Example' })).toContain('by Ann Example')
  })
})

describe('numbers in words', () => {
  test('workers are multiplied only when they are alike', () => {
    expect(workersInWords({ ...IDLE, workers: 2, runningConcurrency: 6 })).toBe('2 × 3')
    expect(workersInWords({ ...IDLE, workers: 2, runningConcurrency: 7 })).toBe('2, 7 at once')
    expect(workersInWords({ ...IDLE, workers: 0, runningConcurrency: 0 })).toBe('none')
  })
  test('a time to go is only given when one can be known', () => {
    expect(etaInWords({ ...IDLE, waiting: 2, etaSeconds: 200 })).toBe('3 min 20 s')
    expect(etaInWords({ ...IDLE, waiting: 2, etaSeconds: null })).toBe('not known yet')
    expect(etaInWords({ ...IDLE, waiting: 2, etaSeconds: 200, paused: true })).toBe('paused')
    expect(etaInWords(IDLE)).toBe('nothing to do')
  })
  test('a failure among very many does not vanish in rounding', () => {
    expect(failureRateInWords({ ...IDLE, failureRate: 0.00001 })).toBe('0.1 %')
    expect(failureRateInWords({ ...IDLE, failureRate: 0 })).toBe('0 %')
    expect(failureRateInWords(IDLE)).toBe('nothing ended')
  })
})

describe('workers', () => {
  const alive = worker('alive', {})
  const silent = worker('silent', { alive: false, seenAt: '2026-11-23T11:00:00Z' })
  const stopped = worker('stopped', { alive: false, stoppedAt: '2026-11-23T12:00:00Z' })
  test('those that work come first, those that have ended last', () => {
    expect(sortWorkers([stopped, silent, alive]).map((one) => one.id)).toEqual(['alive', 'silent', 'stopped'])
  })
  test('their queues stand in the order of the cards', () => {
    expect(queuesOf(worker('a', { queues: { maintenance: 1, 'dicom-conversion': 3 } }))).toBe(
      'dicom-conversion × 3, maintenance × 1',
    )
  })
  test('no worker is worse than a silent one, and a stopped one is no trouble', () => {
    expect(troublesOf({ queues: [], workers: [silent], redis: 'ok' }).map((one) => one.kind)).toEqual([
      'failed',
    ])
    expect(troublesOf({ queues: [], workers: [alive, silent], redis: 'ok' })[0]?.title).toContain('1 worker')
    expect(troublesOf({ queues: [], workers: [alive, stopped], redis: 'ok' })).toEqual([])
    expect(troublesOf({ queues: [], workers: [alive], redis: 'down' })[0]?.title).toContain('Redis')
  })
})
