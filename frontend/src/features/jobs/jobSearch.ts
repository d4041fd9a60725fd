import type { JobState } from '@/shared/api/types'
import { type PagePlace, readPagePlace } from '@/shared/ui/KeysetPager'

/** The list of jobs as it stands in the URL: filters, and the page. */
export interface JobFilters {
  queue?: string
  state?: JobState
  imageId?: string
  /** The code of a failure or rejection. */
  reason?: string
}

export type JobSearch = JobFilters & PagePlace

export const QUEUE_NAMES = ['dicom-conversion', 'thumbnail', 'maintenance'] as const

export const JOB_STATES: readonly JobState[] = [
  'pending',
  'waiting',
  'active',
  'delayed',
  'completed',
  'rejected',
  'failed',
  'cancelled',
]

/** Keeps what is known and well-formed; anything else in a URL is ignored rather than an error page. */
export function readJobSearch(search: Record<string, unknown>): JobSearch {
  return {
    queue: QUEUE_NAMES.find((name) => name === search.queue),
    state: JOB_STATES.find((state) => state === search.state),
    imageId:
      typeof search.imageId === 'string' && /^\d{1,18}$/.test(search.imageId) ? search.imageId : undefined,
    reason: typeof search.reason === 'string' && /^\w{1,64}$/.test(search.reason) ? search.reason : undefined,
    ...readPagePlace(search),
  }
}

/** Other filters begin at their newest page again. */
export function filtersOf({ queue, state, imageId, reason }: JobSearch): JobFilters {
  return { queue, state, imageId, reason }
}

export function countJobFilters(filters: JobFilters): number {
  return Object.values(filtersOf(filters)).filter((value) => value !== undefined).length
}
