import { browserZone } from '@/shared/format/zoned'

/** The days that are looked at, as they stand in the URL. */
export interface RangeSearch {
  days?: string
  from?: string
  to?: string
  tz?: string
}

export const PRESETS = ['7', '14', '30', '60', '90'] as const
export const USUAL_DAYS = '30'
const ZONE_KEY = 'analytics-zone'

const isDay = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)

/** Keeps what is well-formed. Whether it is a sensible range, the server says in words. */
export function readRangeSearch(search: Record<string, unknown>): RangeSearch {
  const isCustom = isDay(search.from) && isDay(search.to)
  const tz = search.tz
  return {
    days: isCustom ? undefined : PRESETS.find((days) => days === search.days),
    from: isCustom ? (search.from as string) : undefined,
    to: isCustom ? (search.to as string) : undefined,
    tz: typeof tz === 'string' && /^[\w+\-/]{1,64}$/.test(tz) ? tz : undefined,
  }
}

/** What the server is asked: never without a zone, so that two readers of one link see which days are meant. */
export interface RangeQuery {
  days?: string
  from?: string
  to?: string
  tz: string
}

export function rangeQueryOf({ days, from, to, tz }: RangeSearch): RangeQuery {
  const zone = tz ?? preferredZone()
  if (from !== undefined && to !== undefined) return { from, to, tz: zone }
  return { days: days ?? USUAL_DAYS, tz: zone }
}

/** The zone chosen last in this browser, else the browser's own. */
export function preferredZone(): string {
  try {
    return localStorage.getItem(ZONE_KEY) ?? browserZone()
  } catch {
    // Storage may be switched off; then nothing is remembered.
    return browserZone()
  }
}

export function rememberZone(zone: string): void {
  try {
    localStorage.setItem(ZONE_KEY, zone)
  } catch {
    // See above.
  }
}
