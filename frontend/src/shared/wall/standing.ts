import { firstFrom, type Placed } from '@/shared/wall/place'
import { lineOf, type Lines } from '@/shared/wall/lines'

/**
 * Where the block of lines that the page holds stands on the page, and how far the page is scrolled. All numbers are
 * CSS pixels; `scroll` counts from the wall's top and may be negative while the page's head is in view.
 *
 * What was dropped or not read yet leaves room above and below, so that putting in and dropping moves nothing, and the
 * scroll bar grows with what was read instead of jumping.
 */
export interface Standing {
  above: number
  /** Height of the whole wall. */
  total: number
  scroll: number
}

/** The tile that must stay where it is: the first one in view, and how far below the window's top its line begins. */
export interface Anchor {
  place: Placed
  top: number
}

/** Where a list is opened. */
export type Start = { kind: 'head' } | { kind: 'tail' } | { kind: 'place'; anchor: Anchor }

/** Above a list that goes on upwards; less is made this much again, so that one can go on scrolling. */
const LEAST_ABOVE = 2000
const NEW_ABOVE = 60_000
/** Browsers draw boxes up to some 16 million pixels; far from that the room is made smaller. */
const MOST_ROOM = 6_000_000

interface Change {
  rows: readonly Placed[]
  lines: Lines
  goesOnAbove: boolean
  goesOnBelow: boolean
  before: Standing
  /** Null: nothing to hold, the list has just been opened at an end. */
  anchor: Anchor | null
  viewHeight: number
}

/** The standing after rows came or went. The anchor's tile, or the next older one, stays where it is in the window. */
export function settle(change: Change): Standing {
  const { lines, before, anchor, goesOnAbove, goesOnBelow, viewHeight } = change
  const offset = anchor === null ? null : offsetOf(change, anchor.place)
  let above = 0
  if (goesOnAbove) {
    above = anchor && offset !== null ? before.scroll + anchor.top - offset : before.above
    if (above < LEAST_ABOVE || above > MOST_ROOM) above = NEW_ABOVE
  }
  const scroll = anchor && offset !== null ? above + offset - anchor.top : before.scroll
  const held = above + lines.height
  const below = goesOnBelow ? Math.min(MOST_ROOM, Math.max(viewHeight, before.total - held)) : 0
  return { above, total: held + below, scroll }
}

function offsetOf({ rows, lines }: Change, place: Placed): number | null {
  if (rows.length === 0) return null
  return lineOf(lines, Math.min(firstFrom(rows, place), rows.length - 1))?.top ?? null
}

/** The first line of tiles whose larger part is in view below `inset`, as an anchor. */
export function anchorOf(
  rows: readonly Placed[],
  { lines }: Lines,
  { above, scroll }: Standing,
  inset: number,
): Anchor | null {
  const edge = scroll + inset - above
  const line = lines.find((one) => one.kind === 'tiles' && one.top + one.height / 2 > edge)
  const row = line && rows[line.start]
  return line && row
    ? { place: { id: row.id, createdAt: row.createdAt }, top: above + line.top - scroll }
    : null
}

/**
 * Somebody dragged the scroll bar into the room where nothing is held: the instant that the place of the window stands
 * for, between those at the ends of the room. Null while the window is near enough to read on.
 */
export function instantOfRoom(
  { above, total, scroll }: Standing,
  lines: Lines,
  viewHeight: number,
  times: { newest: number; first: number; last: number; oldest: number },
): number | null {
  const far = 3 * viewHeight
  const bottom = above + lines.height
  if (scroll + viewHeight < above - far) {
    const share = Math.max(0, scroll) / above
    return times.newest + (times.first - times.newest) * share
  }
  if (scroll > bottom + far) {
    const share = (scroll - bottom) / Math.max(1, total - bottom - viewHeight)
    return times.last + (times.oldest - times.last) * Math.min(1, share)
  }
  return null
}
