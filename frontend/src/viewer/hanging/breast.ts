/** Where the breast is in a small picture of a mammogram, without label, frame and air. Pure. */
import type { Rect, Size, ViewingImage } from '@/viewer/types'
import { chestWallOf, directionsOf, orientationOf } from './orientation'
import { isMammogram, sideOf } from './views'

/** Greys from 0 (air) to 255, rows first. */
export interface SmallPicture extends Size {
  readonly greys: Uint8Array | Uint8ClampedArray
}

/** Thinner than so many pixels, something bright is a frame, a scratch or a digit. */
const THIN = 2
/** So many greys above air there is still only scattered light along the edges of a film. */
const LEAST_ABOVE_AIR = 10
/** Shares of the picture: what is smaller is no breast, what is larger leaves nothing to cut away. */
const LEAST_SHARE = 0.03
const MOST_SHARE = 0.97
/** Air that is left around the breast, as a share of the picture's larger side. */
const MARGIN = 0.012
/** A breast that begins so near to an edge begins at the edge. */
const AT_EDGE = 0.02

/**
 * The grey that parts air from skin: farthest below the line from the peak of air to the brightest grey (Zack's
 * triangle). Fat is much darker than gland, so the middle between two peaks would cut it away.
 */
export function airThreshold(greys: Uint8Array | Uint8ClampedArray): number {
  const counts = new Float64Array(256)
  for (const grey of greys) counts[grey] = (counts[grey] ?? 0) + 1
  let peak = 0
  for (let grey = 0; grey < 96; grey += 1) if ((counts[grey] ?? 0) > (counts[peak] ?? 0)) peak = grey
  let brightest = 255
  while (brightest > peak && counts[brightest] === 0) brightest -= 1
  const height = counts[peak] ?? 0
  let best = peak
  let most = 0
  for (let grey = peak + 1; grey < brightest; grey += 1) {
    const below = height * (1 - (grey - peak) / (brightest - peak)) - (counts[grey] ?? 0)
    if (below > most) [best, most] = [grey, below]
  }
  return Math.max(best, peak + LEAST_ABOVE_AIR)
}

/** 1 where every pixel within `THIN` (in a square) is 1 (`isShrinking`), or any is. There is nothing beyond the edge. */
function thickened(mask: Uint8Array, { width, height }: Size, isShrinking: boolean): Uint8Array {
  const pass = (
    from: Uint8Array,
    step: number,
    length: number,
    place: (index: number) => number,
  ): Uint8Array =>
    from.map((_, index) => {
      const at = place(index)
      const reach = isShrinking ? Math.min(at, length - 1 - at) : THIN
      if (reach < THIN) return 0
      const [first, last] = [Math.max(at - THIN, 0) - at, Math.min(at + THIN, length - 1) - at]
      for (let by = first; by <= last; by += 1)
        if ((from[index + by * step] === 0) === isShrinking) return isShrinking ? 0 : 1
      return isShrinking ? 1 : 0
    })
  const across = pass(mask, 1, width, (index) => index % width)
  return pass(across, width, height, (index) => Math.floor(index / width))
}

interface Patch {
  readonly area: number
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The largest patch of connected ones; right and bottom are behind the last pixel. */
function largestPatch(mask: Uint8Array, { width, height }: Size): Patch | null {
  const seen = new Uint8Array(mask.length)
  let best: Patch | null = null
  for (let start = 0; start < mask.length; start += 1) {
    if (mask[start] === 0 || seen[start] === 1) continue
    const patch = patchFrom(start, mask, seen, { width, height })
    if (best === null || patch.area > best.area) best = patch
  }
  return best
}

function patchFrom(start: number, mask: Uint8Array, seen: Uint8Array, { width, height }: Size): Patch {
  const waiting = [start]
  seen[start] = 1
  let [area, left, top, right, bottom] = [0, width, height, 0, 0]
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const x = index % width
    const y = Math.floor(index / width)
    area += 1
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + 1)
    bottom = Math.max(bottom, y + 1)
    const near = [x > 0 ? index - 1 : -1, x < width - 1 ? index + 1 : -1, index - width, index + width]
    for (const next of near) {
      if (next < 0 || next >= mask.length || mask[next] === 0 || seen[next] === 1) continue
      seen[next] = 1
      waiting.push(next)
    }
  }
  return { area, left, top, right, bottom }
}

/** The breast in the pixels of the picture; null: none is to be told from its surroundings. */
export function breastIn(picture: SmallPicture): Rect | null {
  const { width, height, greys } = picture
  if (width < 16 || height < 16 || greys.length < width * height) return null
  const threshold = airThreshold(greys)
  const mask = Uint8Array.from(greys.subarray(0, width * height), (grey) => Number(grey > threshold))
  const opened = thickened(thickened(mask, picture, true), picture, false)
  const patch = largestPatch(opened, picture)
  if (patch === null) return null
  const share = patch.area / (width * height)
  if (share < LEAST_SHARE || share > MOST_SHARE) return null
  const margin = MARGIN * Math.max(width, height)
  const edge = AT_EDGE * Math.max(width, height)
  const left = patch.left <= edge ? 0 : patch.left - margin
  const top = patch.top <= edge ? 0 : patch.top - margin
  const right = width - patch.right <= edge ? width : patch.right + margin
  const bottom = height - patch.bottom <= edge ? height : patch.bottom + margin
  return { left, top, width: right - left, height: bottom - top }
}

/**
 * The breast in image pixels, from a small picture of the whole image as it is stored; null: the whole image has to be
 * seen. Of other images nothing is left out, nor of mammograms whose breast does not come from its chest wall.
 */
export function breastBox(picture: SmallPicture, image: ViewingImage): Rect | null {
  if (!isMammogram(image) || image.rows === null || image.columns === null) return null
  const found = breastIn(picture)
  if (found === null || !standsAtChestWall(found, picture, image)) return null
  const x = image.columns / picture.width
  const y = image.rows / picture.height
  return { left: found.left * x, top: found.top * y, width: found.width * x, height: found.height * y }
}

/** Whether the breast reaches to within a twelfth of the edge where its chest wall is said to be. */
function standsAtChestWall(box: Rect, picture: Size, image: ViewingImage): boolean {
  const gap = gapAtChestWall(box, picture, image)
  return gap === null || gap < 1 / 12
}

/** Air between the breast and the edge of its chest wall, as a share of the picture; null: that edge is unknown. */
export function gapAtChestWall(box: Rect, picture: Size, image: ViewingImage): number | null {
  const orientation = orientationOf(image)
  const wall = chestWallOf(image, orientation)
  if (wall === null || (directionsOf(image) === null && sideOf(image) === null)) return null
  const { rotation, isMirrored } = orientation
  // Where the pane's right is in the stored picture.
  const clockwise = ['right', 'bottom', 'left', 'top'] as const
  const steps = rotation / 90
  const isRight = (wall === 'right') !== isMirrored
  const edge = clockwise[(4 - steps + (isRight ? 0 : 2)) % 4]
  switch (edge) {
    case 'left':
      return box.left / picture.width
    case 'right':
      return (picture.width - box.left - box.width) / picture.width
    case 'top':
      return box.top / picture.height
    default:
      return (picture.height - box.top - box.height) / picture.height
  }
}
