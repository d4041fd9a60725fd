import { describe, expect, it } from 'vitest'
import { laidSize, mirrored, panned, toImage, toPane, turned, upended, UPRIGHT, zoomedAt } from './camera'
import type { Camera, Orientation } from './types'

const PANE = { width: 600, height: 400 }
const ALL: Orientation[] = ([0, 90, 180, 270] as const).flatMap((rotation) =>
  [false, true].map((isMirrored) => ({ rotation, isMirrored })),
)

function camera(orientation: Orientation): Camera {
  return { centre: { x: 300, y: 500 }, scale: 0.5, aspect: 1.25, orientation }
}

/** What a person sees: where the image's right and down point on the screen. */
function seen(orientation: Orientation): [number, number, number, number] {
  const one: Camera = { centre: { x: 0, y: 0 }, scale: 1, aspect: 1, orientation }
  const right = toPane(one, { width: 0, height: 0 }, { x: 1, y: 0 })
  const down = toPane(one, { width: 0, height: 0 }, { x: 0, y: 1 })
  return [right.x, right.y, down.x, down.y].map((value) => value + 0) as [number, number, number, number]
}

describe('camera', () => {
  it('takes every point there and back in all eight ways', () => {
    for (const orientation of ALL) {
      const point = { x: 12.25, y: 801.5 }
      const back = toImage(camera(orientation), PANE, toPane(camera(orientation), PANE, point))
      expect(back.x).toBeCloseTo(point.x, 9)
      expect(back.y).toBeCloseTo(point.y, 9)
    }
  })

  it('turns clockwise as seen, mirrored or not', () => {
    expect(seen(turned(UPRIGHT))).toEqual([0, 1, -1, 0])
    for (const orientation of ALL) {
      const [rx, ry, dx, dy] = seen(orientation)
      // Clockwise on a screen whose y points down: (x, y) becomes (-y, x).
      expect(seen(turned(orientation))).toEqual([-ry, rx, -dy, dx].map((value) => value + 0))
    }
  })

  it('mirrors left and right, and top and bottom, as seen', () => {
    for (const orientation of ALL) {
      const [rx, ry, dx, dy] = seen(orientation)
      expect(seen(mirrored(orientation))).toEqual([-rx, ry, -dx, dy].map((value) => value + 0))
      expect(seen(upended(orientation))).toEqual([rx, -ry, dx, -dy].map((value) => value + 0))
    }
  })

  it('keeps the point under the pointer while zooming', () => {
    for (const orientation of ALL) {
      const at = { x: 130, y: 77 }
      const before = toImage(camera(orientation), PANE, at)
      const after = toImage(zoomedAt(camera(orientation), PANE, at, 2), PANE, at)
      expect(after.x).toBeCloseTo(before.x, 9)
      expect(after.y).toBeCloseTo(before.y, 9)
    }
  })

  it('moves the picture with the hand', () => {
    for (const orientation of ALL) {
      const point = { x: 280, y: 490 }
      const before = toPane(camera(orientation), PANE, point)
      const after = toPane(panned(camera(orientation), { x: 10, y: -4 }), PANE, point)
      expect(after.x - before.x).toBeCloseTo(10, 9)
      expect(after.y - before.y).toBeCloseTo(-4, 9)
    }
  })

  it('lays pixels that are no squares with their true proportions', () => {
    const image = { width: 100, height: 100 }
    expect(laidSize(camera(UPRIGHT), image)).toEqual({ width: 50, height: 62.5 })
    expect(laidSize(camera(turned(UPRIGHT)), image)).toEqual({ width: 62.5, height: 50 })
  })
})
