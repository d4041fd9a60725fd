/** Where image points stand in a pane, and back. Pure. */
import type { Camera, Orientation, Point, Size } from './types'

/** Entries of the matrix from image pixels to CSS pixels, without the shift: x' = a x + b y, y' = c x + d y. */
interface Linear {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

export const UPRIGHT: Orientation = { rotation: 0, isMirrored: false }

const COSINE = { 0: 1, 90: 0, 180: -1, 270: 0 } as const
const SINE = { 0: 0, 90: 1, 180: 0, 270: -1 } as const

/** First the aspect and scale, then the turn (clockwise: y points down), then the mirror. */
export function linearOf(camera: Camera): Linear {
  const { rotation, isMirrored } = camera.orientation
  const cosine = COSINE[rotation]
  const sine = SINE[rotation]
  const x = camera.scale
  const y = camera.scale * camera.aspect
  const side = isMirrored ? -1 : 1
  return { a: side * cosine * x, b: side * -sine * y, c: sine * x, d: cosine * y }
}

export function toPane(camera: Camera, pane: Size, point: Point): Point {
  const { a, b, c, d } = linearOf(camera)
  const dx = point.x - camera.centre.x
  const dy = point.y - camera.centre.y
  return { x: pane.width / 2 + a * dx + b * dy, y: pane.height / 2 + c * dx + d * dy }
}

export function toImage(camera: Camera, pane: Size, point: Point): Point {
  const { a, b, c, d } = linearOf(camera)
  const determinant = a * d - b * c
  const x = point.x - pane.width / 2
  const y = point.y - pane.height / 2
  return {
    x: camera.centre.x + (d * x - b * y) / determinant,
    y: camera.centre.y + (a * y - c * x) / determinant,
  }
}

/** Width and height in CSS pixels of an image laid so, at this scale. */
export function laidSize(camera: Camera, image: Size): Size {
  const isLying = camera.orientation.rotation % 180 !== 0
  const along = image.width * camera.scale
  const down = image.height * camera.scale * camera.aspect
  return isLying ? { width: down, height: along } : { width: along, height: down }
}

/** Moves what is shown by so many CSS pixels. */
export function panned(camera: Camera, by: Point): Camera {
  const { a, b, c, d } = linearOf(camera)
  const determinant = a * d - b * c
  return {
    ...camera,
    centre: {
      x: camera.centre.x - (d * by.x - b * by.y) / determinant,
      y: camera.centre.y - (a * by.y - c * by.x) / determinant,
    },
  }
}

/** Another scale; the image point under `at` (pane coordinates) stays where it is. */
export function zoomedAt(camera: Camera, pane: Size, at: Point, scale: number): Camera {
  const held = toImage(camera, pane, at)
  const next = { ...camera, scale }
  const moved = toPane(next, pane, held)
  return panned(next, { x: at.x - moved.x, y: at.y - moved.y })
}

/** As it stands on the screen, turned clockwise by a quarter. */
export function turned(orientation: Orientation): Orientation {
  const step = orientation.isMirrored ? 270 : 90
  return { ...orientation, rotation: ((orientation.rotation + step) % 360) as Orientation['rotation'] }
}

/** As it stands on the screen, left and right exchanged. */
export function mirrored(orientation: Orientation): Orientation {
  return { ...orientation, isMirrored: !orientation.isMirrored }
}

/** As it stands on the screen, top and bottom exchanged. */
export function upended(orientation: Orientation): Orientation {
  return mirrored(turned(turned(orientation)))
}
