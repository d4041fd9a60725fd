import { expect, test } from 'vitest'
import { endOf, monthAfter, monthInWords, monthOf, monthsBetween, yearMarks } from './months'

test('months are counted over the turn of the year, both ways', () => {
  const january = { year: 2026, month: 0 }
  expect(monthAfter(january, -1)).toEqual({ year: 2025, month: 11 })
  expect(monthAfter({ year: 2025, month: 11 }, 2)).toEqual({ year: 2026, month: 1 })
  expect(monthsBetween(january, { year: 2024, month: 10 })).toBe(14)
  expect(monthInWords(january)).toBe('January 2026')
  for (let step = -30; step <= 30; step += 1)
    expect(monthsBetween(monthAfter(january, step), january)).toBe(step)
})

test('the end of a month is the first moment of the next one, on the clock of the reader', () => {
  const december = { year: 2025, month: 11 }
  expect(endOf(december)).toEqual(new Date(2026, 0, 1))
  expect(monthOf(endOf(december).getTime() - 1)).toEqual(december)
})

test('years are marked as far as there is room', () => {
  const [newest, oldest] = [
    { year: 2026, month: 10 },
    { year: 2006, month: 3 },
  ]
  const marks = yearMarks(newest, oldest, 6)
  expect(marks.length).toBeLessThanOrEqual(6)
  expect(marks[0]).toEqual({ year: 2026, share: 0 })
  expect(marks.every((mark, n) => n === 0 || mark.share > (marks[n - 1]?.share ?? 0))).toBe(true)
  expect(yearMarks(newest, newest, 6)).toHaveLength(1)
})
