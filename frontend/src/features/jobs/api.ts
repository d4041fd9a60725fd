import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { request, withQuery } from '@/shared/api/client'
import { fetchJob, isOver } from '@/shared/api/jobs'
import type { Job, JobPage, QueueChanged, QueueStats } from '@/shared/api/types'
import type { JobSearch } from './jobSearch'

const PAGE_SIZE = 50
const ROOT = '/api/admin/queue'
/** How often is asked without the event stream, and how seldom with it. */
const POLL_MILLISECONDS = 2000
const LIVE_POLL_MILLISECONDS = 10_000
const paceOf = (isLive: boolean): number => (isLive ? LIVE_POLL_MILLISECONDS : POLL_MILLISECONDS)

/* Only a page that is looked at asks: the query client stops its intervals while the page is hidden. */
export function queueStatsQuery(isLive: boolean) {
  return queryOptions({
    queryKey: ['queues', 'stats'],
    queryFn: ({ signal }) => request<QueueStats>(`${ROOT}/stats`, { signal }),
    // The signs of life of workers come this way alone.
    refetchInterval: paceOf(isLive) / (isLive ? 2 : 1),
  })
}

export function jobPageQuery(search: JobSearch, isLive: boolean) {
  return queryOptions({
    queryKey: ['queues', 'jobs', search],
    queryFn: ({ signal }) =>
      request<JobPage>(withQuery(`${ROOT}/jobs`, { ...search, limit: PAGE_SIZE }), { signal }),
    refetchInterval: paceOf(isLive),
    placeholderData: keepPreviousData,
  })
}

export function jobQuery(jobId: string) {
  return queryOptions({
    queryKey: ['queues', 'job', jobId],
    queryFn: ({ signal }) => fetchJob(jobId, signal),
    refetchInterval: ({ state }) => (state.data && isOver(state.data.state) ? false : POLL_MILLISECONDS),
  })
}

function act(path: string, method: 'POST' | 'PATCH', body?: unknown): Promise<QueueChanged> {
  return request<QueueChanged>(`${ROOT}/${path}`, { method, body })
}

export const pauseQueue = (queue: string) => act(`${queue}/pause`, 'POST')
export const resumeQueue = (queue: string) => act(`${queue}/resume`, 'POST')
export const drainQueue = (queue: string) => act(`${queue}/drain`, 'POST')
export const retryFailed = (queue: string) => act(`${queue}/retry-failed`, 'POST')
export const setConcurrency = (queue: string, concurrency: number | null) =>
  act(queue, 'PATCH', { concurrency })

export function retryOne(jobId: string): Promise<Job> {
  return request<Job>(`${ROOT}/jobs/${encodeURIComponent(jobId)}/retry`, { method: 'POST' })
}

export function removeJob(jobId: string): Promise<void> {
  return request(`${ROOT}/jobs/${encodeURIComponent(jobId)}`, { method: 'DELETE' })
}
