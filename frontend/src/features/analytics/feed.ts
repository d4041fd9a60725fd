import type { Activity, ActivityPage } from './types'
import type { FeedFilters } from './api'

/** Newest first, as the server sorts. Instants of one answer are written alike, so that their texts sort as they do. */
function byNewest(one: Activity, other: Activity): number {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? 1 : -1
  return other.id - one.id
}

export function fits(activity: Activity, { userId, type }: FeedFilters): boolean {
  if (userId !== undefined && String(activity.userId) !== userId) return false
  return type === undefined || activity.type === type
}

/** So many lines on the newest page, then it is read anew. */
export const FEED_ROWS_MAX = 60

/**
 * What has come on top of the newest page, each once. None is taken off its end: the cursor of the older page begins
 * after the last that was there.
 */
export function withNewer(
  page: ActivityPage,
  newer: readonly Activity[],
  filters: FeedFilters,
): ActivityPage {
  const known = new Set(page.activities.map(({ id }) => id))
  const added = newer.filter((activity) => !known.has(activity.id) && fits(activity, filters))
  if (added.length === 0) return page
  const unique = [...new Map(added.map((activity) => [activity.id, activity])).values()]
  return { ...page, activities: [...page.activities, ...unique].toSorted(byNewest) }
}

/** How many of them the page does not show yet. */
export function countNewer(
  page: ActivityPage | undefined,
  newer: readonly Activity[],
  filters: FeedFilters,
): number {
  const known = new Set(page?.activities.map(({ id }) => id))
  const found = newer.filter((activity) => !known.has(activity.id) && fits(activity, filters))
  return new Set(found.map(({ id }) => id)).size
}
