import { describe, expect, it } from 'vitest'
import { withGaps } from './parts'
import { leftOut, materialInWords, measure, monthInWords, share } from './words'

describe('bars', () => {
  it('leave room for bins in which there is nothing', () => {
    const bins = [
      { from: 20, to: 30, exposures: 2 },
      { from: 50, to: 60, exposures: 1 },
    ]
    expect(withGaps(bins).map(({ from, exposures }) => [from, exposures])).toEqual([
      [20, 2],
      [30, 0],
      [40, 0],
      [50, 1],
    ])
    expect(withGaps([])).toEqual([])
  })
})

describe('words', () => {
  it('call unknown what nobody knows, and never nought', () => {
    expect(measure(null)).toBe('unknown')
    expect(measure(0)).toBe('0')
    expect(share(0, 0)).toBe('–')
    expect(share(1, 8)).toBe('12.5\u2009%')
  })

  it('say what is left out and why', () => {
    expect(leftOut(0, 0, 'dose')).toBe('')
    expect(leftOut(2, 1, 'dose')).toBe(
      'Left out: 2 without dose in the header, 1 with a value that no unit gives.',
    )
  })

  it('tell months and materials as people write them', () => {
    expect(monthInWords('2026-10')).toBe('Oct 2026')
    expect(materialInWords('TUNGSTEN', 'RHODIUM')).toBe('Tungsten / Rhodium')
    expect(materialInWords(null, null)).toBe('Not in the header')
    expect(materialInWords('MOLYBDENUM', null)).toBe('Molybdenum / not told')
  })
})
