import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  calibrationOf,
  cardOutline,
  isPlausible,
  NOMINAL_PIXELS_PER_MM,
  nudged,
  pixelsPerMmOf,
  readCalibrations,
  screenKey,
  withCalibration,
} from './calibration'

const SCREEN = { width: 2048, height: 2560, pixelRatio: 1 }

test('an outline that fits the card gives the scale of the glass, and is drawn from it again', () => {
  fc.assert(
    fc.property(fc.double({ min: 90, max: 2000, noNaN: true }), (width) => {
      const outline = cardOutline(pixelsPerMmOf(width) ?? 0)
      expect(outline.width).toBeCloseTo(width)
      expect(outline.width / outline.height).toBeCloseTo(85.6 / 53.98)
    }),
  )
})

test('a 5-megapixel screen of 0.165 mm has six pixels a millimetre', () => {
  expect(pixelsPerMmOf(518.8)).toBeCloseTo(1 / 0.165, 2)
})

test.each([0, -5, 20, 5000, Number.NaN, Number.POSITIVE_INFINITY])('no card is %d pixels wide', (width) => {
  expect(pixelsPerMmOf(width)).toBeNull()
})

test('keys make the outline wider and narrower within what is plausible', () => {
  expect(cardOutline(nudged(NOMINAL_PIXELS_PER_MM, 1)).width).toBeCloseTo(
    cardOutline(NOMINAL_PIXELS_PER_MM).width + 1,
  )
  expect(isPlausible(nudged(1, -100))).toBe(true)
  expect(isPlausible(nudged(25, 100))).toBe(true)
})

test('each screen and each zoom of the page has its own calibration', () => {
  const known = withCalibration({}, SCREEN, 6.06)
  expect(calibrationOf(known, SCREEN)).toBe(6.06)
  expect(calibrationOf(known, { ...SCREEN, pixelRatio: 1.25 })).toBeNull()
  expect(calibrationOf(known, { ...SCREEN, width: 2560, height: 2048 })).toBeNull()
  expect(screenKey({ width: 1440, height: 900, pixelRatio: 1.100000023841858 })).toBe('1440×900×1.1')
})

test('of stored preferences only what can be true is believed', () => {
  const stored = { a: 4, b: '4', c: null, d: 0, e: 1000, f: Number.NaN, g: 5.5 }
  expect(readCalibrations(stored)).toEqual({ a: 4, g: 5.5 })
  expect([null, undefined, 3, 'x', [4]].map(readCalibrations)).toEqual([{}, {}, {}, {}, {}])
  expect(calibrationOf({}, { width: 1, height: 1, pixelRatio: 1 })).toBeNull()
})
