import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Camera, Point } from '@/viewer/types'
import { toPane } from '@/viewer/camera'
import type { Drawn } from './AnnotationStore'
import { Editing, handlesOf, inOrder, partUnder, reshaped, stepInImage } from './Editing'
import { measure, type ShapeKind, shapeOf } from './shapes'

const at = (x: number, y: number) => ({ x, y })
const NONE = { rowMm: null, columnMm: null }

function aDrawn(kind: ShapeKind, points: readonly Point[]): Drawn {
  return {
    id: 'one',
    imageId: 1,
    frame: 1,
    kind,
    points,
    text: null,
    statistics: null,
    own: true,
    userName: null,
    revision: 3,
    state: 'saved',
  }
}

function anEditing() {
  const finished: (readonly Point[])[] = []
  const editing = new Editing(
    () => {},
    (_, points) => finished.push(points),
  )
  return { editing, finished }
}

describe('what lies under the pointer', () => {
  const line = [at(0, 0), at(100, 0)]
  it('is a point, a line, or nothing', () => {
    expect(partUnder('length', line, at(98, 4))).toBe(1)
    expect(partUnder('length', line, at(50, 5))).toBe('whole')
    expect(partUnder('length', line, at(50, 9))).toBeNull()
    expect(partUnder('length', line, at(50, 9), 2)).toBe('whole')
    expect(partUnder('text', [at(5, 5)], at(8, 5))).toBe('whole')
    expect(partUnder('text', [at(5, 5)], at(30, 5))).toBeNull()
  })

  it('is the outline of an ellipse, and the side that closes a freehand line', () => {
    const round = [at(-50, 0), at(50, 0), at(0, -30), at(0, 30)]
    const slant = at(50 * Math.SQRT1_2, 30 * Math.SQRT1_2)
    expect(partUnder('ellipse', round, slant)).toBe('whole')
    expect(partUnder('ellipse', round, at(0, 0))).toBeNull()
    expect(partUnder('freehand', [at(0, 0), at(90, 0), at(90, 90)], at(45, 45))).toBe('whole')
  })

  it('is one of few handles of a line with many points', () => {
    const many = Array.from({ length: 500 }, (_, index) => at(index, index % 7))
    expect(handlesOf('freehand', many).length).toBeLessThanOrEqual(16)
    expect(handlesOf('freehand', many.slice(0, 5))).toEqual([0, 1, 2, 3, 4])
    expect(handlesOf('angle', many.slice(0, 3))).toEqual([0, 1, 2])
    expect(handlesOf('text', many.slice(0, 1))).toEqual([])
  })
})

describe('reshaping', () => {
  it('moves a point, or everything', () => {
    const points = [at(0, 0), at(10, 0), at(10, 10)]
    expect(reshaped('angle', points, 1, at(3, -2))).toEqual([at(0, 0), at(13, -2), at(10, 10)])
    expect(reshaped('angle', points, 'whole', at(3, -2))).toEqual([at(3, -2), at(13, -2), at(13, 8)])
  })

  it('takes the neighbours of a freehand handle along, the less the farther they are', () => {
    const circle = Array.from({ length: 64 }, (_, index) => at(Math.cos(index), Math.sin(index)))
    const moved = reshaped('freehand', circle, 0, at(8, 0)).map(
      ({ x }, index) => x - (circle[index] as Point).x,
    )
    expect([0, 1, 2, 3, 4, 5, 62, 63].map((index) => moved[index]?.toFixed(3))).toEqual([
      '8.000',
      '6.000',
      '4.000',
      '2.000',
      '0.000',
      '0.000',
      '4.000',
      '6.000',
    ])
  })

  it('keeps an ellipse an ellipse with its opposite end where it was, the major axis first', () => {
    const number = fc.double({ min: -300, max: 300, noNaN: true })
    const corner = fc.record({ x: number, y: number })
    fc.assert(
      fc.property(corner, corner, fc.integer({ min: 0, max: 3 }), corner, (one, other, part, by) => {
        const points = shapeOf('ellipse', [one, other])
        fc.pre(points !== null)
        const stretched = reshaped('ellipse', points ?? [], part, by)
        expect(stretched[part ^ 1]).toEqual(points?.[part ^ 1])
        const [a, b, c, d] = inOrder('ellipse', stretched) as [Point, Point, Point, Point]
        const [major, minor] = [Math.hypot(b.x - a.x, b.y - a.y), Math.hypot(d.x - c.x, d.y - c.y)]
        expect(major).toBeGreaterThanOrEqual(minor)
        expect(minor).toBeGreaterThan(0.99)
        expect((b.x - a.x) * (d.x - c.x) + (b.y - a.y) * (d.y - c.y)).toBeCloseTo(0, 3)
        expect([a.x + b.x - c.x - d.x, a.y + b.y - c.y - d.y].map(Math.abs)).toEqual([
          expect.closeTo(0, 6),
          expect.closeTo(0, 6),
        ])
        const [area] = measure('ellipse', [a, b, c, d], NONE)
        expect(area?.value).toBeCloseTo((Math.PI / 4) * major * minor, 3)
      }),
    )
  })

  it('goes by keys as it lies on the screen', () => {
    for (const rotation of [0, 90, 180, 270] as const) {
      for (const isMirrored of [false, true]) {
        const camera: Camera = {
          centre: at(50, 50),
          scale: 0.5,
          aspect: 2,
          orientation: { rotation, isMirrored },
        }
        const pane = { width: 100, height: 100 }
        for (const direction of [at(1, 0), at(0, 1), at(-1, 0), at(0, -1)]) {
          const step = stepInImage(camera, direction, 10)
          const from = toPane(camera, pane, at(0, 0))
          const to = toPane(camera, pane, step)
          expect(Math.abs(step.x) + Math.abs(step.y)).toBe(10)
          expect([Math.sign(to.x - from.x), Math.sign(to.y - from.y)].map((one) => one + 0)).toEqual([
            direction.x,
            direction.y,
          ])
        }
      }
    }
  })
})

describe('editing', () => {
  it('is one act from taking hold to letting go', () => {
    const { editing, finished } = anEditing()
    editing.begin(aDrawn('length', [at(0, 0), at(10, 0)]), 1, at(11, 1))
    editing.move(at(15, 1))
    editing.move(at(21, 6))
    expect(editing.current?.points).toEqual([at(0, 0), at(20, 5)])
    editing.end()
    expect(finished).toEqual([[at(0, 0), at(20, 5)]])
  })

  it('leaves everything as it was when it is given up, not moved, or no shape any more', () => {
    const { editing, finished } = anEditing()
    const one = aDrawn('length', [at(0, 0), at(10, 0)])
    editing.begin(one, 1, at(10, 0))
    editing.move(at(30, 0))
    editing.cancel()
    editing.end()
    editing.begin(one, 'whole', at(5, 0))
    editing.end()
    editing.begin(one, 1, at(10, 0))
    editing.move(at(0.2, 0))
    editing.end()
    expect(finished).toEqual([])
  })

  it('adds up what keys move while they are held, and tells where the point is counted then', () => {
    const { editing, finished } = anEditing()
    const one = aDrawn('ellipse', [at(0, 5), at(12, 5), at(6, 0), at(6, 10)])
    for (let time = 0; time < 4; time += 1) editing.nudge(one, 3, at(0, 1))
    expect(editing.end()).toBe(1)
    expect(finished).toEqual([[at(6, 0), at(6, 14), at(0, 7), at(12, 7)]])
    expect(editing.end()).toBeNull()
  })
})
