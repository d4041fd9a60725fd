/** Against a count of every pixel by itself. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GreyScale, Point, Samples } from '@/viewer/types'
import type { ShapeKind } from './shapes'
import { statisticsInWords, statisticsWithin } from './statistics'

const WIDTH = 23
const HEIGHT = 17

function aGreyScale(changes: Partial<GreyScale> = {}): GreyScale {
  return {
    bits: 16,
    frame: 1,
    signed: true,
    least: -32768,
    greatest: 32767,
    inverted: false,
    padding: null,
    modality: { slope: 0.5, intercept: -100, lut: null, unit: '' },
    voi: [],
    ...changes,
  }
}

function samplesOf(values: readonly number[]): Samples {
  return { width: WIDTH, height: HEIGHT, level: 0, components: 1, data: Int16Array.from(values) }
}

/** Pixel by pixel: by the crossings to its right or, of an ellipse, by its equation along its axes. */
function isInside(kind: ShapeKind, points: readonly Point[], x: number, y: number): boolean {
  if (kind === 'ellipse') {
    const [a, b, c, d] = points as [Point, Point, Point, Point]
    const [mx, my] = [(a.x + b.x) / 2, (a.y + b.y) / 2]
    const along = (p: Point, q: Point) =>
      ((x - mx) * (q.x - p.x) + (y - my) * (q.y - p.y)) / (Math.hypot(q.x - p.x, q.y - p.y) ** 2 / 2)
    return along(a, b) ** 2 + along(c, d) ** 2 <= 1
  }
  let isOdd = false
  for (const [index, a] of points.entries()) {
    const b = points[(index + 1) % points.length] as Point
    const isBetween = a.y <= y !== b.y <= y
    if (isBetween && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) isOdd = !isOdd
  }
  return isOdd
}

function counted(kind: ShapeKind, points: readonly Point[], samples: Samples, scale: GreyScale) {
  const values: number[] = []
  for (let row = 0; row < HEIGHT; row += 1) {
    for (let column = 0; column < WIDTH; column += 1) {
      const stored = samples.data[row * WIDTH + column] as number
      const isPadding = scale.padding !== null && stored >= scale.padding.low && stored <= scale.padding.high
      if (!isPadding && isInside(kind, points, column + 0.5, row + 0.5)) values.push(stored * 0.5 - 100)
    }
  }
  return values
}

// Off the grid of pixel centres, where both ways round alike.
const coordinate = (most: number) =>
  fc
    .double({ min: -6, max: most + 6, noNaN: true })
    .filter((value) => Math.abs(value * 2 - Math.round(value * 2)) > 1e-6)
const point = fc.record({ x: coordinate(WIDTH), y: coordinate(HEIGHT) })
const polygon = fc.array(point, { minLength: 3, maxLength: 14 })
const ellipse = fc
  .record({
    centre: point,
    major: fc.double({ min: 0.6, max: 12, noNaN: true }),
    share: fc.double({ min: 0.1, max: 1, noNaN: true }),
    turn: fc.double({ min: 0, max: Math.PI, noNaN: true }),
  })
  .map(({ centre: { x, y }, major, share, turn }) => {
    const [cosine, sine, minor] = [Math.cos(turn), Math.sin(turn), major * share]
    return [
      { x: x - major * cosine, y: y - major * sine },
      { x: x + major * cosine, y: y + major * sine },
      { x: x + minor * sine, y: y - minor * cosine },
      { x: x - minor * sine, y: y + minor * cosine },
    ]
  })
const pixels = fc.array(fc.integer({ min: -50, max: 60 }), {
  minLength: WIDTH * HEIGHT,
  maxLength: WIDTH * HEIGHT,
})
const shape = fc.oneof(
  polygon.map((points) => ['freehand', points] as const),
  ellipse.map((points) => ['ellipse', points] as const),
)

describe('grey values inside a shape', () => {
  it('are those of every pixel whose centre lies inside, padding left out', () => {
    fc.assert(
      fc.property(shape, pixels, fc.boolean(), ([kind, points], values, isPadded) => {
        const samples = samplesOf(values)
        const scale = aGreyScale({ padding: isPadded ? { low: 40, high: 60 } : null })
        const expected = counted(kind, points, samples, scale)
        const found = statisticsWithin(kind, points, samples, scale)
        const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length
        const variance = expected.reduce((sum, value) => sum + (value - mean) ** 2, 0) / expected.length
        const wanted = {
          mean: expect.closeTo(mean, 9),
          standardDeviation: expect.closeTo(Math.sqrt(variance), 6),
          minimum: Math.min(...expected),
          maximum: Math.max(...expected),
          pixels: expected.length,
        }
        expect(found).toEqual(expected.length === 0 ? null : wanted)
      }),
    )
  })

  it('are none of a line, of colour, and of a picture at less resolution', () => {
    const samples = samplesOf(Array.from({ length: WIDTH * HEIGHT }, () => 1))
    const square = [
      { x: 1, y: 1 },
      { x: 9, y: 1 },
      { x: 9, y: 9 },
      { x: 1, y: 9 },
    ]
    expect(statisticsWithin('freehand', square, samples, aGreyScale())?.pixels).toBe(64)
    expect(statisticsWithin('length', square.slice(0, 2), samples, aGreyScale())).toBeNull()
    expect(statisticsWithin('freehand', square, { ...samples, level: 1 }, aGreyScale())).toBeNull()
    expect(statisticsWithin('freehand', square, { ...samples, components: 3 }, aGreyScale())).toBeNull()
  })

  it('are told in few words', () => {
    const told = { mean: 812.44, standardDeviation: 3.3333, minimum: 120, maximum: 1900.5, pixels: 5321 }
    expect(statisticsInWords(told)).toBe('mean 812.4 ± 3.33, 120 to 1900.5, 5321 px')
  })
})
