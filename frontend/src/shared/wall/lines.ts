import { compare, type Placed } from '@/shared/wall/place'

/** The sizes of a wall, in CSS pixels; all exact, so that nothing moves when pictures come. */
export interface TileGrid {
  columns: number
  tileWidth: number
  tileHeight: number
  gap: number
  headingHeight: number
}

export interface GridWish {
  /** A comfortable width of a tile; as many columns as fit. */
  tileWidth: number
  fewestColumns: number
  /** Height of a tile of this width, without its caption. */
  pictureHeight: (tileWidth: number) => number
  /** In root em, so that larger text has room. */
  captionEm: number
}

const GAP = 8
const HEADING_EM = 2.75

export function gridFor(width: number, rootFontSize: number, wish: GridWish): TileGrid {
  const columns = Math.max(wish.fewestColumns, Math.floor((width + GAP) / (wish.tileWidth + GAP)))
  const tileWidth = Math.floor((width - GAP * (columns - 1)) / columns)
  return {
    columns,
    tileWidth,
    tileHeight: Math.round(wish.pictureHeight(tileWidth)) + Math.ceil(wish.captionEm * rootFontSize),
    gap: GAP,
    headingHeight: Math.ceil(HEADING_EM * rootFontSize),
  }
}

/** A heading of a group, or a line of tiles: `rows[start, end)`, for a heading none. `top` counts from the first one. */
export interface Line {
  kind: 'heading' | 'tiles'
  group: string
  start: number
  end: number
  top: number
  height: number
}

export interface Lines {
  lines: readonly Line[]
  height: number
}

/**
 * The rows as lines, each group (a day) under a heading. A group's tiles are counted off from its first one, unless a
 * pin lies in it: then from the pin, forwards and backwards, so that rows put in above it leave every tile below in
 * its column; only the group's first line is then shorter. Of several pins the oldest holds, which was there first.
 */
export function linesOf<T extends Placed>(
  rows: readonly T[],
  pins: readonly Placed[],
  groupOf: (row: T) => string,
  grid: TileGrid,
): Lines {
  const lines: Line[] = []
  let height = 0
  function add(kind: Line['kind'], group: string, start: number, end: number, lineHeight: number): void {
    lines.push({ kind, group, start, end, top: height, height: lineHeight })
    height += lineHeight
  }
  let start = 0
  while (start < rows.length) {
    const group = groupOf(rows[start] as T)
    let end = start
    while (end < rows.length && groupOf(rows[end] as T) === group) end += 1
    add('heading', group, start, start, grid.headingHeight)
    const short = (pinnedOffset(rows.slice(start, end), pins) ?? 0) % grid.columns
    let from = start
    while (from < end) {
      const to = Math.min(end, from === start && short > 0 ? start + short : from + grid.columns)
      add('tiles', group, from, to, grid.tileHeight + grid.gap)
      from = to
    }
    start = end
  }
  return { lines, height }
}

/** How many rows of a group stand before its pin, or before where the pin stood if it was deleted. */
function pinnedOffset(group: readonly Placed[], pins: readonly Placed[]): number | null {
  const [first, last] = [group[0], group.at(-1)]
  if (!first || !last) return null
  const inside = pins.filter((pin) => compare(pin, first) >= 0 && compare(pin, last) <= 0)
  const oldest = inside.reduce<Placed | null>(
    (found, pin) => (found && compare(found, pin) > 0 ? found : pin),
    null,
  )
  return oldest === null ? null : group.findIndex((row) => compare(row, oldest) >= 0)
}

/** The lines that touch `[top, bottom)`, as indices `[first, last)`. */
export function linesWithin({ lines }: Lines, top: number, bottom: number): { first: number; last: number } {
  let first = 0
  let high = lines.length
  while (first < high) {
    const middle = (first + high) >> 1
    const line = lines[middle]
    if (line && line.top + line.height <= top) first = middle + 1
    else high = middle
  }
  let last = first
  while (last < lines.length && (lines[last]?.top ?? 0) < bottom) last += 1
  return { first, last }
}

/** The line of tiles that holds `rows[index]`. */
export function lineOf({ lines }: Lines, index: number): Line | null {
  let low = 0
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle]?.end ?? 0) <= index) low = middle + 1
    else high = middle
  }
  return lines[low] ?? null
}

export type Step = 'left' | 'right' | 'up' | 'down'

/** Where an arrow key leads from `rows[index]`: up and down stay in the column where the next line has it. */
export function stepFrom(all: Lines, index: number, step: Step, count: number): number {
  if (step === 'left') return Math.max(0, index - 1)
  if (step === 'right') return Math.min(count - 1, index + 1)
  const here = lineOf(all, index)
  if (here === null) return index
  const next = step === 'up' ? lineAbove(all, here) : lineOf(all, here.end)
  if (next === null) return index
  return Math.min(next.end - 1, next.start + index - here.start)
}

function lineAbove(all: Lines, line: Line): Line | null {
  return line.start === 0 ? null : lineOf(all, line.start - 1)
}
