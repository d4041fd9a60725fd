/** Moves one pane as another was moved: the same place of the breast, mirrored between right and left. Pure. */
import { linearOf } from '@/viewer/camera'
import type { Camera, Point, Rect, Size, ViewingImage } from '@/viewer/types'
import { boxOf, justified } from './fit'
import { chestWallOf, orientationOf } from './orientation'
import { aspectOf, millimetres } from './scale'

/** A pane as far as linking needs it. */
export interface LinkedPane {
  readonly camera: Camera
  readonly pane: Size
  readonly image: ViewingImage
  /** The breast in the image, in image pixels, where it is known. */
  readonly box?: Rect
}

/** An image's own frame: from the chest wall outwards (or from left to right), and downwards, as it hangs. */
interface Frame {
  /** The middle of the chest wall's edge, or of the image. In image pixels. */
  readonly origin: Point
  /** From image pixels to `units`: outward = a x + b y, down = c x + d y. */
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  /** Units per image pixel along a row. */
  readonly unit: number
}

function frameOf({ image, box }: LinkedPane, inMillimetres: boolean): Frame | null {
  const content = boxOf(image, box === undefined ? undefined : new Map([[image.id, box]]))
  if (content === null) return null
  const orientation = orientationOf(image)
  const chestWall = chestWallOf(image, orientation)
  const aspect = aspectOf(image)
  // Where either has no millimetres, the larger side of what is seen is one unit.
  const unit = inMillimetres
    ? (millimetres(image)?.column ?? 1)
    : 1 / Math.max(content.width, content.height * aspect)
  const camera = { scale: unit, aspect, orientation }
  const { a, b, c, d } = linearOf({ ...camera, centre: { x: 0, y: 0 } })
  const outward = chestWall === 'right' ? -1 : 1
  const origin = justified({ width: 0, height: 0 }, content, chestWall, camera).centre
  return { origin, a: outward * a, b: outward * b, c, d, unit }
}

/**
 * The camera that shows in `to` what `from` shows: as far from the chest wall and from the middle, as large, in
 * millimetres; where either has none, in shares of the breast. How `to` was turned stays.
 */
export function linkedCamera(from: LinkedPane, to: LinkedPane): Camera {
  const inMillimetres = millimetres(from.image) !== null && millimetres(to.image) !== null
  const source = frameOf(from, inMillimetres)
  const target = frameOf(to, inMillimetres)
  if (source === null || target === null) return to.camera
  const dx = from.camera.centre.x - source.origin.x
  const dy = from.camera.centre.y - source.origin.y
  const outward = source.a * dx + source.b * dy
  const down = source.c * dx + source.d * dy
  const determinant = target.a * target.d - target.b * target.c
  return {
    ...to.camera,
    scale: (from.camera.scale / source.unit) * target.unit,
    centre: {
      x: target.origin.x + (target.d * outward - target.b * down) / determinant,
      y: target.origin.y + (target.a * down - target.c * outward) / determinant,
    },
  }
}
