/** Windows that are dragged together, each in the values of its own file. Pure. */
import type { GreyScale, Tone } from '@/viewer/types'
import { windowOf, type WindowValues } from '@/viewer/voi/table'

/** A drag over this many CSS pixels doubles the width, or moves the centre by a width. */
const DOUBLING_PIXELS = 250
const WIDTH_PIXELS = 400
const LEAST_WIDTH = 1

/**
 * The window after a drag by so many CSS pixels since it began: to the right is wider (less contrast), up is brighter,
 * also where the file's greys are inverted. In shares of the window itself, so that files of different depth move alike.
 */
export function dragged(
  greyScale: GreyScale | null,
  began: Tone,
  by: { readonly x: number; readonly y: number },
): Tone {
  const from = windowOf(greyScale, began)
  const isInverted = (greyScale?.inverted ?? false) !== began.isInverted
  const width = Math.max(from.width * 2 ** (by.x / DOUBLING_PIXELS), LEAST_WIDTH)
  // y points down; a lower centre is brighter, unless greys are inverted.
  const shift = (by.y / WIDTH_PIXELS) * width * (isInverted ? -1 : 1)
  return { ...began, window: { center: from.center + shift, width } }
}

/** For people: "C 2047.5 W 4096". */
export function windowInWords({ center, width }: WindowValues): string {
  return `C ${short(center)} W ${short(width)}`
}

function short(value: number): string {
  return Number(value.toPrecision(Math.abs(value) >= 1000 ? 5 : 4)).toString()
}
