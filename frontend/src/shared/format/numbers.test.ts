import { describe, expect, test } from 'vitest'
import { formatCount, formatDuration, formatMegabytes, megabytes, plural } from '@/shared/format/numbers'

describe('counts', () => {
  test('thousands are grouped with narrow spaces that do not break', () => {
    expect(formatCount(999)).toBe('999')
    expect(formatCount(1234)).toBe('1\u202f234')
    expect(formatCount(1_234_567)).toBe('1\u202f234\u202f567')
  })
  test('a negative number carries a real minus', () => {
    expect(formatCount(-1234)).toBe('−1\u202f234')
  })
  test('one is singular', () => {
    expect(plural(1, 'image')).toBe('1 image')
    expect(plural(0, 'image')).toBe('0 images')
    expect(plural(2000, 'image')).toBe('2\u202f000 images')
  })
})

describe('sizes', () => {
  test('megabytes have one decimal', () => {
    expect(megabytes(27_262_976)).toBe('27.3')
    expect(formatMegabytes(1_500_000_000)).toBe('1\u202f500.0\u2009MB')
  })
  test('a small file is not zero', () => {
    expect(megabytes(12)).toBe('0.1')
    expect(megabytes(0)).toBe('0.0')
  })
})

test('durations use the two largest units', () => {
  expect(formatDuration(0)).toBe('0 s')
  expect(formatDuration(59.4)).toBe('59 s')
  expect(formatDuration(60)).toBe('1 min')
  expect(formatDuration(200)).toBe('3 min 20 s')
  expect(formatDuration(7500)).toBe('2 h 5 min')
  expect(formatDuration(-3)).toBe('0 s')
})
