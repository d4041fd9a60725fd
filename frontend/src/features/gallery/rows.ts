import type { Entry } from './imageList'

/** The gallery as rows for the windowing: a heading for each day, then rows of tiles. */
export type Row = { kind: 'day'; day: string } | { kind: 'tiles'; start: number; end: number }

export function rowsOf(entries: readonly Entry[], columns: number): Row[] {
  const rows: Row[] = []
  let start = 0
  while (start < entries.length) {
    const day = entries[start]?.day ?? ''
    rows.push({ kind: 'day', day })
    let end = start
    while (end < entries.length && entries[end]?.day === day) end += 1
    for (let at = start; at < end; at += columns)
      rows.push({ kind: 'tiles', start: at, end: Math.min(end, at + columns) })
    start = end
  }
  return rows
}

export interface TileGrid {
  columns: number
  tileWidth: number
  tileHeight: number
  gap: number
  headingHeight: number
}

const GAP = 8

/** As many columns as fit at a comfortable width; the sizes are exact, so that nothing moves when images come. */
export function gridFor(width: number, rootFontSize: number): TileGrid {
  const wanted = width < 560 ? 150 : 190
  const columns = Math.max(2, Math.floor((width + GAP) / (wanted + GAP)))
  const tileWidth = Math.floor((width - GAP * (columns - 1)) / columns)
  const caption = Math.ceil(1.75 * rootFontSize)
  return {
    columns,
    tileWidth,
    tileHeight: Math.round((tileWidth * 4) / 3) + caption,
    gap: GAP,
    headingHeight: Math.ceil(2.75 * rootFontSize),
  }
}

export function rowHeight(row: Row, grid: TileGrid): number {
  return row.kind === 'day' ? grid.headingHeight : grid.tileHeight + grid.gap
}
