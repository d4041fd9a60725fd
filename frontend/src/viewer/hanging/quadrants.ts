/** A sweep over an image at one scale that leaves no pixel out. Pure. */
import { laidSize, panned } from '@/viewer/camera'
import type { Camera, Rect, Size, ViewingImage } from '@/viewer/types'
import { type ChestWall, chestWallOf, orientationOf } from './orientation'
import { aspectOf, wholeOf } from './scale'

/** Of a pane's width and height, at least this much is seen again in the next place. */
const OVERLAP = 0.08

/** Distances from the start of a length at which windows of `pane` cover it, the first at 0, the last at its end. */
function stops(length: number, pane: number): number[] {
  if (length <= pane || pane <= 0) return [0]
  const stride = pane * (1 - OVERLAP)
  const count = Math.ceil((length - pane) / stride) + 1
  return Array.from({ length: count }, (_, index) => ((length - pane) * index) / (count - 1))
}

/**
 * Cameras at the scale and orientation of `camera` that together show every pixel of the image (or of `box`): row by
 * row from the top, each from the chest wall outwards.
 */
export function quadrants(
  pane: Size,
  image: ViewingImage,
  camera: Camera,
  box: Rect | null = wholeOf(image),
  chestWall: ChestWall = chestWallOf(image, camera.orientation),
): readonly Camera[] {
  if (box === null) return [camera]
  const middle = { ...camera, centre: { x: box.left + box.width / 2, y: box.top + box.height / 2 } }
  const laid = laidSize(middle, box)
  // Whole image pixels, so that at 1:1 every one of them meets a pixel of the glass.
  const snap = (value: number, unit: number): number => Math.ceil(value / unit - 1e-6) * unit
  const isLying = camera.orientation.rotation % 180 !== 0
  const [unitX, unitY] = isLying
    ? [camera.scale * camera.aspect, camera.scale]
    : [camera.scale, camera.scale * camera.aspect]
  const across = stops(laid.width, pane.width).map((stop) => snap(stop, unitX))
  const down = stops(laid.height, pane.height).map((stop) => snap(stop, unitY))
  return down.flatMap((fromTop) =>
    across.map((fromWall) => panned(middle, shift({ pane, laid, fromTop, fromWall, chestWall }))),
  )
}

/** The sweep over an image (or `box` of it) as it hangs, one image pixel a device pixel. */
export function sweep(
  pane: Size,
  image: ViewingImage,
  pixelRatio: number,
  box: Rect | null = wholeOf(image),
): readonly Camera[] {
  const camera = { scale: 1 / pixelRatio, aspect: aspectOf(image), orientation: orientationOf(image) }
  return quadrants(pane, image, { ...camera, centre: { x: 0, y: 0 } }, box)
}

interface Stop {
  readonly pane: Size
  readonly laid: Size
  readonly fromTop: number
  readonly fromWall: number
  readonly chestWall: ChestWall
}

/** From the box in the middle of the pane to the box at this place. */
function shift({ pane, laid, fromTop, fromWall, chestWall }: Stop): { x: number; y: number } {
  const overX = (laid.width - pane.width) / 2
  const overY = (laid.height - pane.height) / 2
  const y = laid.height > pane.height ? overY - fromTop : 0
  if (laid.width <= pane.width && chestWall === null) return { x: 0, y }
  return chestWall === 'right' ? { x: fromWall - overX, y } : { x: overX - fromWall, y }
}
