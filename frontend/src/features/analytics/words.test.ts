import { describe, expect, it } from 'vitest'
import { formatCount, megabytes } from '@/shared/format/numbers'
import type { Range } from './types'
import { changeOf, countOrDash, inUnit, secondsInWords, signed, sizeUnit, typeInWords } from './words'

const range: Range = {
  from: '2026-10-25',
  to: '2026-11-23',
  days: 30,
  tz: 'Europe/Berlin',
  fromAt: '2026-10-24T22:00:00Z',
  toAt: '2026-11-23T23:00:00Z',
  asOf: '2026-11-24T00:00:00Z',
  partial: false,
}

describe('a change against the days before', () => {
  it('has a sign, a share and words', () => {
    expect(changeOf({ value: 112, previous: 100 }, { range, kind: 'flow' })).toEqual({
      tone: 'more',
      figure: '+12 (+12.0 %)',
      words: 'more than in the 30 days before',
    })
    expect(changeOf({ value: 50, previous: 100 }, { range, kind: 'stock' })).toEqual({
      tone: 'less',
      figure: '−50 (−50.0 %)',
      words: 'less than 30 days earlier',
    })
  })

  it('names no share of nothing', () => {
    expect(changeOf({ value: 5, previous: 0 }, { range, kind: 'flow' }).figure).toBe('+5')
    expect(changeOf({ value: 0, previous: 0 }, { range, kind: 'flow' })).toMatchObject({
      tone: 'same',
      figure: '±0',
    })
  })

  it('is unknown where either number is, and never 0', () => {
    expect(changeOf({ value: null, previous: 3 }, { range, kind: 'flow' })).toMatchObject({
      tone: 'unknown',
      figure: '',
    })
    expect(changeOf({ value: 3, previous: null }, { range, kind: 'flow' })).toMatchObject({
      tone: 'unknown',
      figure: '',
    })
    expect(countOrDash(null)).toBe('–')
    expect(countOrDash(0)).toBe('0')
  })

  it('of a range that is not over says until when', () => {
    const { words } = changeOf(
      { value: 2, previous: 1 },
      { range: { ...range, partial: true }, kind: 'flow' },
    )
    expect(words).toBe('more than in the 30 days before, up to the same time of day')
  })

  it('carries its unit', () => {
    const change = changeOf(
      { value: 2_500_000, previous: 1_000_000 },
      { range, kind: 'stock', unit: 'MB', format: megabytes },
    )
    expect(change.figure).toBe('+1.5 MB (+150 %)')
  })

  it('comes in a unit that can be read', () => {
    const sizes = [2_500_000, 99_900_000_000, 100_000_000_000, 22_126_281_200_000]
    expect(sizes.map((bytes) => `${inUnit(bytes, sizeUnit(bytes))} ${sizeUnit(bytes).unit}`)).toEqual([
      '2.5 MB',
      '99\u202f900.0 MB',
      '100.0 GB',
      '22.1 TB',
    ])
  })
})

describe('words', () => {
  it('have a true minus', () => {
    expect(signed(-3, formatCount)).toBe('−3')
  })

  it('tell custom events readably', () => {
    expect(typeInWords('login')).toBe('Signed in')
    expect(typeInWords('report_printed')).toBe('Report printed')
  })

  it('tell durations with one decimal', () => {
    expect([1.44, 150, 9000, null].map(secondsInWords)).toEqual(['1.4 s', '2.5 min', '2.5 h', '–'])
  })
})
