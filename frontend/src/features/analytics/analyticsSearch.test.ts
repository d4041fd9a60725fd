import { beforeEach, describe, expect, it } from 'vitest'
import { browserZone } from '@/shared/format/zoned'
import { preferredZone, rangeQueryOf, readRangeSearch, rememberZone } from '@/shared/range/rangeSearch'
import { readAnalyticsSearch } from './analyticsSearch'

beforeEach(() => localStorage.clear())

describe('the range in a URL', () => {
  it('is one of the presets or two days', () => {
    expect(readRangeSearch({ days: '60', tz: 'Europe/Berlin' })).toEqual({ days: '60', tz: 'Europe/Berlin' })
    expect(readRangeSearch({ days: '60', from: '2026-01-01', to: '2026-01-31' })).toEqual({
      from: '2026-01-01',
      to: '2026-01-31',
    })
  })

  it('ignores what is not understood', () => {
    expect(readRangeSearch({ days: '31', from: 'yesterday', to: '2026-01-31', tz: 'a b' })).toEqual({})
    expect(readAnalyticsSearch({ user: "1' OR 1", type: 'a\u0000b', cursor: '' })).toEqual({})
  })

  it('keeps the filters and the place of the feed', () => {
    expect(readAnalyticsSearch({ user: '12', type: 'login', cursor: 'x_1', direction: 'prev' })).toEqual({
      user: '12',
      type: 'login',
      cursor: 'x_1',
      direction: 'prev',
    })
  })
})

describe('what the server is asked', () => {
  it('always names a zone', () => {
    expect(rangeQueryOf({})).toEqual({ days: '30', tz: browserZone() })
    expect(rangeQueryOf({ from: '2026-01-01', to: '2026-01-02', tz: 'UTC' })).toEqual({
      from: '2026-01-01',
      to: '2026-01-02',
      tz: 'UTC',
    })
  })

  it('remembers the zone that was chosen', () => {
    rememberZone('Asia/Kathmandu')
    expect(preferredZone()).toBe('Asia/Kathmandu')
    expect(rangeQueryOf({ days: '7' })).toEqual({ days: '7', tz: 'Asia/Kathmandu' })
  })
})
