import { describe, expect, it } from 'vitest'
import { dayIn, formatDateTimeIn, formatDay, formatSecondsIn, formatShortDay, isZone } from './zoned'

describe('instants in a time zone', () => {
  it('are told by the clock of that zone', () => {
    expect(formatDateTimeIn('2026-11-23T22:05:09Z', 'Asia/Kolkata')).toBe('24 Nov 2026, 03:35')
    expect(formatSecondsIn('2026-11-23T22:05:09Z', 'America/St_Johns')).toBe('18:35:09')
  })

  it('begin a day at 00 and not at 24', () => {
    expect(formatDateTimeIn('2026-11-23T00:00:00Z', 'UTC')).toBe('23 Nov 2026, 00:00')
  })

  it('that are unknown are a dash', () => {
    expect(formatDateTimeIn(null, 'UTC')).toBe('–')
    expect(formatDateTimeIn('nonsense', 'UTC')).toBe('–')
  })

  it('lie in the calendar day of that zone', () => {
    expect(dayIn(new Date('2026-01-05T23:30:00Z'), 'Europe/Berlin')).toBe('2026-01-06')
  })
})

describe('calendar days', () => {
  it('are written out', () => {
    expect(formatDay('2026-03-01')).toBe('1 Mar 2026')
    expect(formatShortDay('2026-12-24')).toBe('24 Dec')
  })
})

describe('names of zones', () => {
  it('are known or not', () => {
    expect(isZone('Pacific/Chatham')).toBe(true)
    expect(isZone('Mars/Olympus')).toBe(false)
  })
})
