import { describe, expect, test } from 'vitest'
import { fit, isFitted, keepInside, pan, wheelFactor, zoomAt, zoomTo } from './viewport'

const pane = { width: 1000, height: 800 }
const image = { width: 3328, height: 4096 }

describe('fit', () => {
  test('the whole image is shown, in the middle', () => {
    const view = fit(pane, image)
    expect(view.scale).toBeCloseTo(800 / 4096)
    expect(view.y).toBeCloseTo(0)
    expect(view.x).toBeCloseTo((1000 - 3328 * view.scale) / 2)
    expect(isFitted(view, pane, image)).toBe(true)
  })
})

describe('zoom', () => {
  test('the point under the pointer stays where it is', () => {
    const at = { x: 480, y: 300 }
    const before = zoomTo(fit(pane, image), 1, { x: 500, y: 400 }, pane, image)
    const after = zoomAt(before, 1.5, at, pane, image)
    const pointBefore = { x: (at.x - before.x) / before.scale, y: (at.y - before.y) / before.scale }
    expect((at.x - after.x) / after.scale).toBeCloseTo(pointBefore.x)
    expect((at.y - after.y) / after.scale).toBeCloseTo(pointBefore.y)
  })
  test('it ends at fit and at sixteen times', () => {
    const fitted = fit(pane, image)
    expect(zoomAt(fitted, 0.1, { x: 0, y: 0 }, pane, image).scale).toBeCloseTo(fitted.scale)
    expect(zoomTo(fitted, 1000, { x: 0, y: 0 }, pane, image).scale).toBe(16)
  })
  test('a small picture may be shown at its own size', () => {
    const small = { width: 100, height: 100 }
    expect(zoomTo(fit(pane, small), 1, { x: 500, y: 400 }, pane, small).scale).toBe(1)
  })
  test('a notch of the wheel is the same up and down', () => {
    expect(wheelFactor(100, 0) * wheelFactor(-100, 0)).toBeCloseTo(1)
    expect(wheelFactor(-100, 0)).toBeGreaterThan(1)
    expect(wheelFactor(-3, 1)).toBeCloseTo(wheelFactor(-99, 0))
  })
})

describe('pan', () => {
  test('the image is not dragged past its edges', () => {
    const large = zoomTo(fit(pane, image), 1, { x: 500, y: 400 }, pane, image)
    expect(pan(large, { x: 1e6, y: 1e6 }, pane, image)).toMatchObject({ x: 0, y: 0 })
    expect(pan(large, { x: -1e6, y: -1e6 }, pane, image)).toMatchObject({ x: 1000 - 3328, y: 800 - 4096 })
  })
  test('an axis that fits stays in the middle', () => {
    expect(keepInside({ scale: 0.1, x: 0, y: 0 }, pane, image).x).toBeCloseTo((1000 - 332.8) / 2)
  })
})
