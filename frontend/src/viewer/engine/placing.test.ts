import { describe, expect, it } from 'vitest'
import { linearOf, toPane } from '@/viewer/camera'
import type { Camera, Samples } from '@/viewer/types'
import { deviceRect, placingOf } from './placing'

function sized(width: number, height: number, level: number): Samples {
  return { width, height, level, components: 1, data: new Uint8Array(0) }
}

const FULL = { width: 300, height: 200 }
const LEVELS = [sized(300, 200, 0), sized(150, 100, 1), sized(75, 50, 2)]
const PANE = { width: 400, height: 420 }

const ALL: Camera[] = ([0, 90, 180, 270] as const).flatMap((rotation) =>
  [false, true].map((isMirrored) => ({
    centre: { x: 120, y: 90 },
    scale: 0.7,
    aspect: 1,
    orientation: { rotation, isMirrored },
  })),
)

describe('where samples stand on the screen', () => {
  it('agrees with the camera, however a picture is laid', () => {
    for (const camera of ALL) {
      const placing = placingOf(LEVELS, FULL, camera, PANE, 1)
      const [xx, yx, , xy, yy, , x, y] = placing?.matrix ?? []
      for (const point of [
        { x: 0, y: 0 },
        { x: 300, y: 17 },
      ]) {
        const at = toPane(camera, PANE, point)
        expect((xx ?? 0) * at.x + (xy ?? 0) * at.y + (x ?? 0)).toBeCloseTo(point.x, 3)
        expect((yx ?? 0) * at.x + (yy ?? 0) * at.y + (y ?? 0)).toBeCloseTo(point.y, 3)
      }
    }
  })

  it('covers the whole picture, and no more than its box', () => {
    for (const camera of ALL) {
      const covered = placingOf(LEVELS, FULL, camera, PANE, 1)?.covered
      const corners = [toPane(camera, PANE, { x: 0, y: 0 }), toPane(camera, PANE, { x: 300, y: 200 })]
      const left = Math.max(Math.floor(Math.min(...corners.map((one) => one.x))), 0)
      const bottom = Math.min(Math.ceil(Math.max(...corners.map((one) => one.y))), PANE.height)
      expect(covered?.left).toBe(left)
      expect((covered?.top ?? 0) + (covered?.height ?? 0)).toBe(bottom)
      const { a } = linearOf(camera)
      expect(covered?.width).toBeLessThanOrEqual(Math.ceil((a === 0 ? 200 : 300) * 0.7) + 1)
    }
  })

  it('draws from the smallest size that has a sample for every device pixel', () => {
    const camera = { ...(ALL[0] as Camera) }
    for (const [scale, ratio, level] of [
      [2, 1, 0],
      [1, 1, 0],
      [0.7, 1, 0],
      [0.5, 1, 1],
      [0.3, 1, 1],
      [0.3, 2, 0],
      [0.1, 1, 2],
    ] as const) {
      expect(placingOf(LEVELS, FULL, { ...camera, scale }, PANE, ratio)?.samples.level).toBe(level)
    }
  })

  it('lays every size of a picture of odd sides where the whole picture lies', () => {
    // Halves of 301 are 151, of which the last stands for a column that is not there.
    const levels = [sized(301, 203, 0), sized(151, 102, 1), sized(76, 51, 2)]
    const camera = { ...(ALL[0] as Camera), scale: 0.25 }
    for (const first of [0, 2]) {
      const placing = placingOf(levels.slice(first), { width: 301, height: 203 }, camera, PANE, 1, {
        decodedLevel: first,
        isSmooth: true,
      })
      const [xx = 0, , , , , , x = 0] = placing?.matrix ?? []
      expect(placing?.samples.level).toBe(2)
      // Sample 70 is the mean of columns 280 to 283; by the wavelet it stands on column 280.
      const { x: at } = toPane(camera, PANE, { x: first === 0 ? 282 : 280.5, y: 0 })
      expect(xx * at + x).toBeCloseTo(70.5, 4)
      const right = toPane(camera, PANE, { x: 301, y: 0 }).x
      expect(placing?.edges[2]).toBeCloseTo(xx * right + x, 4)
    }
  })

  it('shows each sample as a square where that is wished, and only where it is magnified', () => {
    const camera = { ...(ALL[0] as Camera), centre: { x: 77.3, y: 41.8 } }
    for (const [scale, aspect, isNearest] of [
      [2, 1, true],
      [1.7, 1, true],
      [0.9, 1, false],
      [1.2, 0.5, false],
      [2.5, 0.5, true],
    ] as const) {
      const options = { decodedLevel: 0, isSmooth: false }
      const placing = placingOf(LEVELS, FULL, { ...camera, scale, aspect }, PANE, 1, options)
      expect(placing?.isNearest).toBe(isNearest)
    }
    const doubled = placingOf(LEVELS, FULL, { ...camera, scale: 2 }, PANE, 1)
    expect(((doubled?.matrix[6] ?? 0.3) * 2) % 1).toBeCloseTo(0, 6)
  })

  it('lays each sample on one device pixel at 1:1, whatever fraction the camera stands at', () => {
    for (const camera of ALL) {
      const moved = { ...camera, scale: 0.5, centre: { x: 77.3, y: 41.8 } }
      const placing = placingOf(LEVELS, FULL, moved, { width: 401, height: 333 }, 2)
      expect(placing?.isNearest).toBe(true)
      const [, , , , , , x = 0.5, y = 0.5] = placing?.matrix ?? []
      expect([x % 1, y % 1].map(Math.abs)).toEqual([0, 0])
    }
  })

  it('lets neighbours share their edge', () => {
    for (const ratio of [1, 1.25, 1.5, 2, 3]) {
      const one = deviceRect({ left: 0, top: 0, width: 333.4, height: 10 }, ratio)
      const other = deviceRect({ left: 333.4, top: 0, width: 333.4, height: 10 }, ratio)
      expect(one.left + one.width).toBe(other.left)
    }
  })
})
