/** From the device pixels of a pane to the samples of the size that fits it best. Pure. */
import { linearOf } from '@/viewer/camera'
import type { Camera, Point, Rect, Samples, Size } from '@/viewer/types'

/** A rectangle in whole device pixels, from the upper left corner of the canvas. */
export interface DeviceRect extends Rect {}

/** Edges are snapped one by one, so that neighbours neither overlap nor leave a gap. */
export function deviceRect(rect: Rect, pixelRatio: number): DeviceRect {
  const left = Math.round(rect.left * pixelRatio)
  const top = Math.round(rect.top * pixelRatio)
  return {
    left,
    top,
    width: Math.round((rect.left + rect.width) * pixelRatio) - left,
    height: Math.round((rect.top + rect.height) * pixelRatio) - top,
  }
}

export interface Placing {
  /** The size of the picture to draw from. */
  readonly samples: Samples
  /** Column by column, as WebGL takes it: (device x, device y, 1) to (sample x, sample y, 1). */
  readonly matrix: Float32Array
  /** One sample is one device pixel, and lies on it exactly. */
  readonly isNearest: boolean
  /** Device pixels of the pane that the picture reaches: no others are worth drawing. */
  readonly covered: DeviceRect
}

const EXACT = 1e-6

/** `full`: rows and columns of the picture itself, which the first of `levels` may not have yet. */
export function placingOf(
  levels: readonly Samples[],
  full: Size,
  camera: Camera,
  pane: Size,
  pixelRatio: number,
): Placing | null {
  const perDevicePixel = 1 / (camera.scale * pixelRatio)
  // The smallest that has at least one sample for a device pixel.
  const samples =
    levels.findLast((one) => full.width / one.width <= perDevicePixel * (1 + EXACT)) ?? levels[0]
  if (!samples) return null
  const isNearest =
    samples.level === 0 && Math.abs(perDevicePixel - 1) < EXACT && Math.abs(camera.aspect - 1) < EXACT
  const { a, b, c, d } = linearOf(camera)
  const determinant = (a * d - b * c) * pixelRatio
  const across = samples.width / full.width
  const down = samples.height / full.height
  // Inverse of the camera's matrix, from device pixels to samples.
  const xx = (d / determinant) * across
  const xy = (-b / determinant) * across
  const yx = (-c / determinant) * down
  const yy = (a / determinant) * down
  let x = camera.centre.x * across - (xx * pane.width + xy * pane.height) / 2
  let y = camera.centre.y * down - (yx * pane.width + yy * pane.height) / 2
  if (isNearest) {
    // The middle of a device pixel is to be the middle of a sample.
    x = Math.round(x)
    y = Math.round(y)
  }
  const matrix = new Float32Array([xx, yx, 0, xy, yy, 0, x, y, 1])
  // The way back, from a sample to a device pixel.
  const scale = xx * yy - xy * yx
  const onScreen = (column: number, row: number): Point => ({
    x: (yy * (column - x) - xy * (row - y)) / scale,
    y: (xx * (row - y) - yx * (column - x)) / scale,
  })
  const covered = between(onScreen(0, 0), onScreen(samples.width, samples.height), pane)
  return { samples, matrix, isNearest, covered }
}

/** The box of two opposite corners, cut at the pane; a picture's edges are never askew to the screen's. */
function between(one: Point, other: Point, pane: Size): DeviceRect {
  const left = clamped(Math.floor(Math.min(one.x, other.x)), pane.width)
  const top = clamped(Math.floor(Math.min(one.y, other.y)), pane.height)
  const right = clamped(Math.ceil(Math.max(one.x, other.x)), pane.width)
  const bottom = clamped(Math.ceil(Math.max(one.y, other.y)), pane.height)
  return { left, top, width: right - left, height: bottom - top }
}

function clamped(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most)
}
