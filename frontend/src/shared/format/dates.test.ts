import { expect, test } from 'vitest'
import { dayKey, formatAgo, formatDate, formatDateTime, formatDayHeading } from '@/shared/format/dates'

/** A time of the reader's own zone, as the server would send it. */
function sent(year: number, month: number, day: number, hour = 12, minute = 0): string {
  return new Date(year, month - 1, day, hour, minute).toISOString()
}

test('dates are written day, month, year', () => {
  expect(formatDate(sent(2026, 11, 23))).toBe('23 Nov 2026')
  expect(formatDateTime(sent(2026, 1, 3, 9, 5))).toBe('3 Jan 2026, 09:05')
})

test('what is missing or no date is a dash', () => {
  expect(formatDateTime(null)).toBe('–')
  expect(formatDateTime('soon')).toBe('–')
})

test('images are grouped by the day of the reader', () => {
  expect(dayKey(sent(2026, 11, 23, 0, 1))).toBe('2026-11-23')
  expect(dayKey(sent(2026, 11, 23, 23, 59))).toBe('2026-11-23')
})

test('a heading says today and yesterday only beside the date', () => {
  const now = new Date(2026, 10, 23, 15)
  expect(formatDayHeading('2026-11-23', now)).toBe('Today, 23 Nov 2026')
  expect(formatDayHeading('2026-11-22', now)).toBe('Yesterday, 22 Nov 2026')
  expect(formatDayHeading('2026-11-21', now)).toBe('21 Nov 2026')
})

test('how long ago is rounded down', () => {
  const now = new Date(2026, 10, 23, 12)
  expect(formatAgo(sent(2026, 11, 23, 11, 59), now)).toBe('1 minute ago')
  expect(formatAgo(sent(2026, 11, 23, 9), now)).toBe('3 hours ago')
  expect(formatAgo(sent(2026, 11, 20), now)).toBe('3 days ago')
  expect(formatAgo(now.toISOString(), now)).toBe('just now')
})
