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
  /** Left, top, right and bottom edge of the picture, in samples: those of a smaller size may reach beyond it. */
  readonly edges: readonly [number, number, number, number]
  /** A device pixel shows one sample as it is. */
  readonly isNearest: boolean
  /** Device pixels of the pane that the picture reaches: no others are worth drawing. */
  readonly covered: DeviceRect
}

export interface PlacingOptions {
  /** How often the codestream was halved by its decoder; further sizes are means of that one. */
  readonly decodedLevel: number
  /** Between samples larger pictures are smooth; else each sample is a square. */
  readonly isSmooth: boolean
}

const USUAL: PlacingOptions = { decodedLevel: 0, isSmooth: true }
const EXACT = 1e-6

/** `full`: rows and columns of the picture itself, which the first of `levels` may not have yet. */
export function placingOf(
  levels: readonly Samples[],
  full: Size,
  camera: Camera,
  pane: Size,
  pixelRatio: number,
  { decodedLevel, isSmooth }: PlacingOptions = USUAL,
): Placing | null {
  const perDevicePixel = 1 / (camera.scale * pixelRatio)
  const isSquare = Math.abs(camera.aspect - 1) < EXACT
  const least = perDevicePixel / Math.max(camera.aspect, 1)
  // The smallest that has at least one sample for a device pixel, in both directions.
  const samples = levels.findLast(({ level }) => 2 ** level <= least * (1 + EXACT)) ?? levels[0]
  if (!samples) return null
  const isOneToOne = isSquare && Math.abs(perDevicePixel - 1) < EXACT
  const isMagnified = perDevicePixel / Math.min(camera.aspect, 1) <= 1
  const isNearest = samples.level === 0 && (isOneToOne || (isMagnified && !isSmooth))
  const { a, b, c, d } = linearOf(camera)
  const determinant = (a * d - b * c) * pixelRatio
  const part = 2 ** -samples.level
  // A wavelet's mean stands on the first of its pixels, not amid them (T.800 F.3): the sizes made by it lie so far off.
  const shift = (2 ** decodedLevel - 1) / 2
  // Inverse of the camera's matrix, from device pixels to samples.
  const [xx, xy] = [(d / determinant) * part, (-b / determinant) * part]
  const [yx, yy] = [(-c / determinant) * part, (a / determinant) * part]
  let x = (camera.centre.x + shift) * part - (xx * pane.width + xy * pane.height) / 2
  let y = (camera.centre.y + shift) * part - (yx * pane.width + yy * pane.height) / 2
  const times = Math.round(1 / perDevicePixel)
  if (samples.level === 0 && isSquare && times >= 1 && Math.abs(perDevicePixel * times - 1) < EXACT) {
    // Edges of samples lie on edges of device pixels: at 1:1 the middle of one is the middle of the other.
    x = Math.round(x * times) / times
    y = Math.round(y * times) / times
  }
  const matrix = new Float32Array([xx, yx, 0, xy, yy, 0, x, y, 1])
  const left = shift * part
  const edges = [left, left, (full.width + shift) * part, (full.height + shift) * part] as const
  // The way back, from a sample to a device pixel.
  const scale = xx * yy - xy * yx
  const onScreen = (column: number, row: number): Point => ({
    x: (yy * (column - x) - xy * (row - y)) / scale,
    y: (xx * (row - y) - yx * (column - x)) / scale,
  })
  const covered = between(onScreen(edges[0], edges[1]), onScreen(edges[2], edges[3]), pane)
  return { samples, matrix, edges, isNearest, covered }
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
