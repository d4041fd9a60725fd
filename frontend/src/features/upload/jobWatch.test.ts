import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Job, LiveJob } from '@/shared/api/types'
import { JobWatch } from './jobWatch'
import type { JobNews } from './uploadItem'

const stage = vi.hoisted(() => ({
  listeners: new Map<string, (event: never) => void>(),
  asked: [] as string[][],
  isLive: true,
}))

vi.mock('@/shared/api/live', () => ({
  onLive: (name: string, listener: (event: never) => void) => stage.listeners.set(name, listener),
  useLive: { getState: () => ({ isLive: stage.isLive }) },
}))
vi.mock('@/shared/api/jobs', async (original) => ({
  ...(await original<object>()),
  fetchJobs: (ids: string[]) => {
    stage.asked.push(ids)
    return Promise.resolve(
      ids.map((id) => ({ id, state: 'rejected', progress: 0, error: 'Cut off.', imageId: 1 }) as Job),
    )
  },
}))

const told = new Map<string, JobNews>()

function hear(id: string, state: LiveJob['state']): void {
  const event = { id, state, progress: 0, imageId: 1, reasonCode: null, at: '' } satisfies LiveJob
  stage.listeners.get('job')?.(event as never)
}

function watched(): JobWatch {
  return new JobWatch((jobs) => jobs.forEach((job) => told.set(job.id, job)))
}

beforeEach(() => {
  vi.useFakeTimers()
  told.clear()
  stage.asked = []
  stage.isLive = true
})
afterEach(() => vi.useRealTimers())

test('the event stream tells how far a job is, and nothing is asked', async () => {
  const watch = watched()
  watch.add('dicom-1')
  hear('dicom-1', 'active')
  await vi.advanceTimersByTimeAsync(300)
  expect(told.get('dicom-1')?.state).toBe('active')
  hear('dicom-1', 'completed')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.get('dicom-1')?.state).toBe('completed')
  expect(stage.asked.flat()).not.toContain('dicom-1')
})

test('a job that ended before its upload was answered is not waited for', async () => {
  const watch = watched()
  hear('dicom-2', 'completed')
  watch.add('dicom-2')
  await vi.advanceTimersByTimeAsync(300)
  expect(told.get('dicom-2')?.state).toBe('completed')
})

test('the reason of a bad end is asked for at once', async () => {
  const watch = watched()
  watch.add('dicom-3')
  hear('dicom-3', 'rejected')
  await vi.advanceTimersByTimeAsync(300)
  expect(stage.asked).toEqual([['dicom-3']])
  expect(told.get('dicom-3')?.error).toBe('Cut off.')
})

test('without a stream the jobs are asked for', async () => {
  stage.isLive = false
  const watch = watched()
  watch.add('dicom-4')
  await vi.advanceTimersByTimeAsync(1000)
  expect(stage.asked).toEqual([['dicom-4']])
})
