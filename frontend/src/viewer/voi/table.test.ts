import { describe, expect, it } from 'vitest'
import type { GreyScale, Tone } from '@/viewer/types'
import { defaultTone, displayTable, pictureTable, presets, windowOf } from './table'

/** Base64 of little-endian words, as the server sends tables. */
function base64(words: readonly number[]): string {
  return btoa(String.fromCharCode(...words.flatMap((word) => [word & 255, word >> 8])))
}

function scale(over: Partial<GreyScale>): GreyScale {
  return {
    frame: 1,
    bits: 16,
    signed: false,
    least: 0,
    greatest: 4095,
    padding: null,
    inverted: false,
    modality: { slope: 1, intercept: 0, unit: 'US', lut: null },
    voi: [voi('LINEAR', 2048, 4096)],
    ...over,
  }
}

function voi(name: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID', center: number, width: number) {
  return {
    id: `${name} ${center}`,
    explanation: null,
    function: name,
    center,
    width,
    isDefault: true,
    lut: null,
  }
}

/** The formulas as PS3.3 C.11.2.1.2 prints them, with y from 0 to 255. */
const PRINTED = {
  LINEAR: (x: number, c: number, w: number) => {
    if (x <= c - 0.5 - (w - 1) / 2) return 0
    if (x > c - 0.5 + (w - 1) / 2) return 255
    return ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
  },
  LINEAR_EXACT: (x: number, c: number, w: number) => {
    if (x <= c - w / 2) return 0
    if (x > c + w / 2) return 255
    return ((x - c) / w + 0.5) * 255
  },
  SIGMOID: (x: number, c: number, w: number) => 255 / (1 + Math.exp((-4 * (x - c)) / w)),
} as const

function nearest(grey: number): number {
  return Math.floor(grey + 0.5 + 1e-9)
}

const NAMES = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const
const PLAIN: Tone = { voiId: '', window: null, isInverted: false }

describe('the table of greys', () => {
  it('is the printed formula for every stored value', () => {
    for (const name of NAMES) {
      for (const [center, width] of [
        [2048, 4096],
        [900.5, 300.25],
        [100, 1],
        [-50, 2],
      ] as const) {
        for (const [slope, intercept] of [
          [1, 0],
          [2.5, -1000],
          [-1, 4095],
        ] as const) {
          const made = displayTable(
            scale({ modality: { slope, intercept, unit: 'US', lut: null }, voi: [voi(name, center, width)] }),
            PLAIN,
          )
          for (let stored = 0; stored <= 4095; stored += 1) {
            const expected = PRINTED[name](stored * slope + intercept, center, width)
            expect(Math.abs((made[stored] as number) - expected)).toBeLessThanOrEqual(0.5 + 1e-6)
          }
        }
      }
    }
  })

  it('steps at the window of width 1', () => {
    const made = displayTable(scale({ voi: [voi('LINEAR', 100, 1)] }), PLAIN)
    expect([made[98], made[99], made[100], made[101]]).toEqual([0, 0, 255, 255])
  })

  it('finds signed values by their bit pattern', () => {
    const made = displayTable(
      scale({ signed: true, least: -2048, greatest: 2047, voi: [voi('LINEAR', 0, 4096)] }),
      PLAIN,
    )
    expect(made[0xffff & -2048]).toBe(0)
    expect(made[0xffff & -1]).toBe(nearest(PRINTED.LINEAR(-1, 0, 4096)))
    expect(made[2047]).toBe(255)
  })

  it('is the exact negative for MONOCHROME1, and upright again when inverted by hand', () => {
    const plain = displayTable(scale({}), PLAIN)
    const negative = displayTable(scale({ inverted: true }), PLAIN)
    const back = displayTable(scale({ inverted: true }), { ...PLAIN, isInverted: true })
    for (let stored = 0; stored <= 4095; stored += 1) {
      expect(negative[stored]).toBe(255 - (plain[stored] as number))
      expect(back[stored]).toBe(plain[stored])
    }
  })

  it('keeps padding black, whatever else is done', () => {
    for (const inverted of [false, true]) {
      for (const isInverted of [false, true]) {
        const made = displayTable(scale({ inverted, padding: { low: 4000, high: 9000 } }), {
          ...PLAIN,
          isInverted,
        })
        expect(made.slice(4000, 4096).every((grey) => grey === 0)).toBe(true)
        expect(made.slice(0, 4000).some((grey) => grey > 0)).toBe(true)
      }
    }
  })

  it('reads VOI LUTs, with their ends for what lies beyond', () => {
    const entries = [0, 10, 512, 1023]
    const lut = { first: 100, bits: 10, entries: base64(entries) }
    const one = { ...voi('LINEAR', 0, 1), function: null, center: null, width: null, lut }
    const made = displayTable(scale({ voi: [one] }), PLAIN)
    const greys = entries.map((entry) => nearest((entry * 255) / 1023))
    expect([...made.slice(98, 106)]).toEqual([greys[0], greys[0], ...greys, greys[3], greys[3]])
  })

  it('stretches a VOI LUT over a window that is set', () => {
    const lut = { first: 0, bits: 8, entries: base64(Array.from({ length: 256 }, (_, index) => 255 - index)) }
    const one = { ...voi('LINEAR', 0, 1), function: null, center: null, width: null, lut }
    const greyScale = scale({ voi: [one] })
    expect(windowOf(greyScale, PLAIN)).toEqual({ center: 127.5, width: 255 })
    const made = displayTable(greyScale, { ...PLAIN, window: { center: 1275, width: 2550 } })
    expect([made[0], made[1270], made[2550]]).toEqual([255, 128, 0])
  })

  it('reads Modality LUTs before the window', () => {
    const lut = { first: 10, bits: 16, entries: base64([500, 40, 9000]) }
    const greyScale = scale({
      least: 9,
      greatest: 13,
      modality: { slope: null, intercept: 0, unit: 'US', lut },
      voi: [voi('LINEAR_EXACT', 5000, 10000)],
    })
    const made = displayTable(greyScale, PLAIN)
    const greys = [500, 500, 40, 9000, 9000].map((x) => nearest(PRINTED.LINEAR_EXACT(x, 5000, 10000)))
    expect([...made.slice(9, 14)]).toEqual(greys)
  })

  it('takes the window that was set, with the function of the file', () => {
    const greyScale = scale({ voi: [voi('SIGMOID', 2048, 1000)] })
    const made = displayTable(greyScale, { ...PLAIN, window: { center: 1000, width: 500 } })
    expect(made[1100]).toBe(nearest(PRINTED.SIGMOID(1100, 1000, 500)))
  })

  it('offers the default first', () => {
    const other = { ...voi('LINEAR', 1, 2), id: 'other', isDefault: false }
    const greyScale = scale({ voi: [other, voi('SIGMOID', 5, 6)] })
    expect(presets(greyScale).map((one) => one.id)).toEqual(['SIGMOID 5', 'other'])
    expect(defaultTone(greyScale).voiId).toBe('SIGMOID 5')
  })

  it('shows plain pictures as they are, and inverted', () => {
    expect([...pictureTable(PLAIN)]).toEqual(Array.from({ length: 256 }, (_, index) => index))
    expect(pictureTable({ ...PLAIN, isInverted: true })[0]).toBe(255)
  })
})
