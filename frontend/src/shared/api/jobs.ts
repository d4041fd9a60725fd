import { request, withQuery } from '@/shared/api/client'
import type { Job, JobState } from '@/shared/api/types'

/** The server answers at most this many jobs at once. */
export const JOBS_PER_REQUEST = 100

export async function fetchJobs(ids: readonly string[], signal?: AbortSignal): Promise<Job[]> {
  if (ids.length === 0) return []
  const answer = await request<{ jobs: Job[] }>(withQuery('/api/jobs', { id: ids }), { signal })
  return answer.jobs
}

/** One job with its timeline. */
export function fetchJob(jobId: string, signal?: AbortSignal): Promise<Job> {
  return request<Job>(`/api/jobs/${encodeURIComponent(jobId)}`, { signal })
}

export function retryJob(jobId: string): Promise<Job> {
  return request<Job>(`/api/jobs/${encodeURIComponent(jobId)}/retry`, { method: 'POST' })
}

export function isOver(state: JobState): boolean {
  return state === 'completed' || state === 'rejected' || state === 'failed' || state === 'cancelled'
}

/** It ended without a picture, and may be started anew. */
export function isRetryable(state: JobState): boolean {
  return state === 'rejected' || state === 'failed' || state === 'cancelled'
}
