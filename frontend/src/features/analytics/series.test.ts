import { describe, expect, it } from 'vitest'
import { countNewer, fits, withNewer } from './feed'
import { dayChart, isAllUnknown, isAllZero, isAlone, sumOf } from './series'
import { runsOf } from './Sparkline'
import type { Activity, ActivityPage } from './types'

const days = [
  { day: '2026-11-21', partial: false, uploads: 0 },
  { day: '2026-11-22', partial: false, uploads: 4 },
  { day: '2026-11-23', partial: true, uploads: 2 },
]
const line = [
  { key: 'uploads', label: 'Uploads', token: '--x', of: (day: { uploads: number }) => day.uploads },
]

describe('the lines of a chart', () => {
  it('are unknown before anything was recorded, on the clock of the zone', () => {
    // 23:30 in London is the next day in Berlin.
    const chart = dayChart('images', days, { from: '2026-11-21T23:30:00Z', tz: 'Europe/Berlin' }, line)
    expect(chart.series[0]?.values).toEqual([null, 4, 2])
    expect(chart.isPartial).toBe(true)
  })

  it('are nothing only where nothing is known to have happened', () => {
    const zero = dayChart('images', [{ ...days[0]!, uploads: 0 }], { from: null, tz: 'UTC' }, line)
    expect(isAllZero(zero)).toBe(true)
    const unknown = dayChart('images', days, { from: '2027-01-01T00:00:00Z', tz: 'UTC' }, line)
    expect(isAllZero(unknown)).toBe(false)
    expect(isAllUnknown(unknown)).toBe(true)
    expect(sumOf([null, null])).toBeNull()
    expect(sumOf([null, 2, 0])).toBe(2)
  })

  it('show a point without neighbours as a dot', () => {
    expect(isAlone([5], 0)).toBe(true)
    expect(isAlone([null, 5, null], 1)).toBe(true)
    expect(isAlone([5, 6], 0)).toBe(false)
    expect(isAlone([null], 0)).toBe(false)
  })
})

describe('a sparkline', () => {
  it('begins at zero and breaks where nobody knows', () => {
    const runs = runsOf([0, 10, null, 5])
    expect(runs).toHaveLength(2)
    expect(runs[0]?.map(([, y]) => y)).toEqual([30, 2])
    expect(runs[1]?.[0]?.[1]).toBe(16)
  })

  it('of nothing has no line', () => {
    expect(runsOf([null, null])).toEqual([])
  })
})

function activity(id: number, more: Partial<Activity> = {}): Activity {
  return {
    id,
    createdAt: `2026-11-23T10:00:${String(id).padStart(2, '0')}.000000Z`,
    userId: 1,
    userName: 'A',
    userEmail: 'a@example.org',
    type: 'view',
    resourceType: null,
    resourceId: null,
    metadata: {},
    network: null,
    userAgent: null,
    ...more,
  }
}

describe('the live feed', () => {
  const page: ActivityPage = {
    activities: [activity(2), activity(1)],
    nextCursor: null,
    prevCursor: null,
    hasMore: false,
    limit: 20,
  }

  it('takes each newer activity once, newest first', () => {
    const merged = withNewer(page, [activity(3), activity(2), activity(3)], {})
    expect(merged.activities.map(({ id }) => id)).toEqual([3, 2, 1])
  })

  it('leaves out what the filters leave out', () => {
    expect(withNewer(page, [activity(3, { type: 'login' })], { type: 'view' })).toBe(page)
    expect(fits(activity(1, { userId: 7 }), { userId: '7' })).toBe(true)
    expect(countNewer(page, [activity(3), activity(3), activity(2)], { userId: '1' })).toBe(1)
  })

  it('loses nothing at its end, where the older page begins', () => {
    const many = Array.from({ length: 40 }, (_, index) => activity(index + 3))
    const merged = withNewer(page, many, {})
    expect(merged.activities).toHaveLength(42)
    expect(merged.activities.at(-1)?.id).toBe(1)
  })
})
