import { expect, test } from 'vitest'
import type { LiveQueues, Queue, QueueStats } from '@/shared/api/types'
import { mergeQueues } from './mergeQueues'

const known = {
  queues: [
    { name: 'thumbnail', waiting: 1, paused: false, workers: 2, pausedByName: null } as Queue,
    { name: 'maintenance', waiting: 0, paused: false, workers: 2 } as Queue,
  ],
  workers: [],
  redis: 'ok',
} as QueueStats

function live(more: Partial<LiveQueues['queues'][number]>): LiveQueues {
  return {
    queues: [{ name: 'thumbnail', waiting: 7, paused: false, ...more } as LiveQueues['queues'][number]],
  }
}

test('counts are taken over, and what the stream does not know is kept', () => {
  const { stats, isStale } = mergeQueues(known, live({}))
  expect(stats.queues[0]).toMatchObject({ waiting: 7, workers: 2 })
  expect(stats.queues[1]).toBe(known.queues[1])
  expect(isStale).toBe(false)
})

test('a pause is not shown before it is known since when and by whom', () => {
  const { stats, isStale } = mergeQueues(known, live({ paused: true }))
  expect(stats.queues[0]?.paused).toBe(false)
  expect(isStale).toBe(true)
})
