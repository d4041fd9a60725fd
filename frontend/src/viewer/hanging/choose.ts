/** Which picture takes which of the four places. Pure. The exam page's server follows the same order. */
import type { ViewingImage } from '@/viewer/types'
import {
  isForProcessing,
  isImplantDisplaced,
  isSynthesised,
  isTomosynthesis,
  SLOTS,
  type Slot,
  slotOf,
} from './views'

/** Of each place its pictures, the one that hangs first. */
export type Chosen = Readonly<Record<Slot, readonly ViewingImage[]>>

const STANDING = { ready: 0, processing: 1, pending: 1, failed: 2, rejected: 2 } as const

/**
 * Smaller hangs. What can be shown, then what will be; meant for presentation; the whole breast in its standard view;
 * a picture rather than slices; the latest.
 */
function ranks(image: ViewingImage): readonly number[] {
  const acquired = image.acquiredAt === null ? Number.NaN : Date.parse(image.acquiredAt)
  return [
    STANDING[image.status],
    Number(isForProcessing(image)),
    image.viewModifiers.length,
    Number(image.partialView === true),
    Number(isTomosynthesis(image)),
    Number(isSynthesised(image)),
    Number.isNaN(acquired) ? Number.POSITIVE_INFINITY : -acquired,
    -image.id,
  ]
}

export function compareForPlace(one: ViewingImage, other: ViewingImage): number {
  const left = ranks(one)
  const right = ranks(other)
  for (const [index, value] of left.entries()) {
    const against = right[index] ?? 0
    if (value !== against) return value < against ? -1 : 1
  }
  return 0
}

export function choose(images: readonly ViewingImage[]): Chosen {
  const found: Record<Slot, ViewingImage[]> = { 'R CC': [], 'L CC': [], 'R MLO': [], 'L MLO': [] }
  for (const image of images) {
    const slot = slotOf(image)
    if (slot !== null) found[slot].push(image)
  }
  for (const slot of SLOTS) found[slot].sort(compareForPlace)
  return found
}

/** The same with the views that push the implant away in front: they show the tissue. */
export function chooseDisplaced(images: readonly ViewingImage[]): Chosen {
  const chosen = choose(images)
  const displaced = { ...chosen }
  for (const slot of SLOTS) {
    const [away, with_] = [
      chosen[slot].filter(isImplantDisplaced),
      chosen[slot].filter((one) => !isImplantDisplaced(one)),
    ]
    displaced[slot] = [...away, ...with_]
  }
  return displaced
}
