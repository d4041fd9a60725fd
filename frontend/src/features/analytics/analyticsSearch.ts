import { type RangeSearch, readRangeSearch } from '@/shared/range/rangeSearch'
import { type PagePlace, readPagePlace } from '@/shared/ui/KeysetPager'

/** The feed below has filters and a place of its own. */
export interface AnalyticsSearch extends RangeSearch, PagePlace {
  user?: string
  type?: string
}

export function readAnalyticsSearch(search: Record<string, unknown>): AnalyticsSearch {
  const { user, type } = search
  return {
    ...readRangeSearch(search),
    user: typeof user === 'string' && /^\d{1,18}$/.test(user) ? user : undefined,
    type: typeof type === 'string' && /^[\w.-]{1,64}$/.test(type) ? type : undefined,
    ...readPagePlace(search),
  }
}
