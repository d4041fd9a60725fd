import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { request, withQuery } from '@/shared/api/client'
import type { UserPage } from '@/shared/api/types'
import type { PagePlace } from '@/shared/ui/KeysetPager'
import type { RangeQuery } from '@/shared/range/rangeSearch'
import type { ActivityPage, Breakdown, Cohorts, Dashboard, Processing, UserAnalytics } from './types'

const ROOT = '/api/analytics'
export const FEED_SIZE = 20
export const COHORT_WEEKS = 12

/** The same numbers as a file. */
export function csvLink(path: string, query: object): string {
  return withQuery(`${ROOT}/${path}`, { ...query, format: 'csv' })
}

export function reportLink(range: RangeQuery): string {
  return withQuery(`${ROOT}/report.pdf`, { ...range })
}

/* Another range keeps the numbers of the one before on the page until its own are there. */
function ranged<T>(path: string, query: object, staleTime?: number) {
  return queryOptions({
    queryKey: ['analytics', path, query],
    queryFn: ({ signal }) => request<T>(withQuery(`${ROOT}/${path}`, { ...query }), { signal }),
    placeholderData: keepPreviousData,
    staleTime,
  })
}

export const dashboardQuery = (range: RangeQuery) => ranged<Dashboard>('dashboard', range)
export const breakdownQuery = (range: RangeQuery) => ranged<Breakdown>('uploads/breakdown', range)
export const processingQuery = (range: RangeQuery) => ranged<Processing>('processing', range)
export const cohortsQuery = (tz: string) =>
  ranged<Cohorts>('cohorts', { weeks: COHORT_WEEKS, tz }, 5 * 60_000)

export const userQuery = (userId: string, range: RangeQuery) => ranged<UserAnalytics>(`user/${userId}`, range)

export interface FeedFilters {
  userId?: string
  type?: string
}

export function feedQuery(filters: FeedFilters, place: PagePlace) {
  const query = { ...filters, ...place, limit: FEED_SIZE }
  return ranged<ActivityPage>('activity/recent', query)
}

/** Whose name or e-mail fits. */
export function peopleQuery(q: string) {
  return queryOptions({
    queryKey: ['analytics', 'people', q],
    queryFn: ({ signal }) => request<UserPage>(withQuery('/api/admin/users', { q, limit: 8 }), { signal }),
    placeholderData: keepPreviousData,
  })
}
