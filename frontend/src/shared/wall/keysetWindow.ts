import { compare, type Placed, placeOf } from '@/shared/wall/place'

/**
 * What the page holds of a list of any length: the rows around the place that is looked at, newest first, and the
 * cursors by which it goes on at both ends. Rows far away are dropped altogether and read again when they are wanted,
 * so that memory does not grow. Pure: every function gives a new window, or the same one if nothing changed.
 *
 * Invariants: no id comes twice; the rows are in the list's order; none is missing between the first and the last,
 * but those that were added between them since they were read.
 */
export interface KeysetWindow<T extends Placed> {
  readonly rows: readonly T[]
  /** Leads to newer rows (`direction=prev`); null: the list begins here. */
  readonly newer: string | null
  /** Leads to older rows (`direction=next`); null: the list ends here. */
  readonly older: string | null
  /** Rows that began a line of tiles when something was put in above them: there they stay (`lines.ts`). */
  readonly pins: readonly Placed[]
}

/** A keyset page: newest first in both directions, cursors null at the ends of the list. */
export interface KeysetPage<T> {
  readonly rows: readonly T[]
  readonly nextCursor: string | null
  readonly prevCursor: string | null
}

/** The window of a first page: read from the head, from a place in the middle (`next`), or from the tail (`prev`). */
export function openWindow<T extends Placed>(page: KeysetPage<T>): KeysetWindow<T> {
  return { rows: page.rows, newer: page.prevCursor, older: page.nextCursor, pins: [] }
}

/** An answer whose cursor is no longer that of the end came late, after the window had moved on: it changes nothing. */
export function appendOlder<T extends Placed>(
  window: KeysetWindow<T>,
  cursor: string,
  page: KeysetPage<T>,
): KeysetWindow<T> {
  if (cursor !== window.older) return window
  const rows = [...window.rows, ...unknownRows(window, page)]
  // A cursor that leads back to itself would be read for ever.
  const older = page.nextCursor === cursor || page.rows.length === 0 ? null : page.nextCursor
  return { ...window, rows, older }
}

export function prependNewer<T extends Placed>(
  window: KeysetWindow<T>,
  cursor: string,
  page: KeysetPage<T>,
): KeysetWindow<T> {
  if (cursor !== window.newer) return window
  const first = window.rows[0]
  const rows = [...unknownRows(window, page), ...window.rows]
  const newer = page.prevCursor === cursor || page.rows.length === 0 ? null : page.prevCursor
  return { ...window, rows, newer, pins: first ? [first, ...window.pins] : window.pins }
}

function unknownRows<T extends Placed>(window: KeysetWindow<T>, page: KeysetPage<T>): T[] {
  const known = new Set(window.rows.map((row) => row.id))
  return page.rows.filter((row) => !known.has(row.id))
}

/** Keeps `rows[start, end)`. `start` begins a line of tiles, so that no tile changes its column. */
export function keepRows<T extends Placed>(
  window: KeysetWindow<T>,
  start: number,
  end: number,
): KeysetWindow<T> {
  const rows = window.rows.slice(start, end)
  const [first, last] = [rows[0], rows.at(-1)]
  if (rows.length === window.rows.length || !first || !last) return window
  return {
    rows,
    newer: start > 0 ? placeOf(first) : window.newer,
    older: end < window.rows.length ? placeOf(last) : window.older,
    pins: window.pins.filter((pin) => compare(pin, first) >= 0 && compare(pin, last) <= 0),
  }
}

export function replaceRows<T extends Placed>(window: KeysetWindow<T>, fresh: readonly T[]): KeysetWindow<T> {
  const byId = new Map(fresh.map((row) => [row.id, row]))
  if (!window.rows.some((row) => byId.has(row.id))) return window
  return { ...window, rows: window.rows.map((row) => byId.get(row.id) ?? row) }
}

export function removeRows<T extends Placed>(
  window: KeysetWindow<T>,
  ids: ReadonlySet<number>,
): KeysetWindow<T> {
  const rows = window.rows.filter((row) => !ids.has(row.id))
  return rows.length === window.rows.length ? window : { ...window, rows }
}

/**
 * Takes a stretch that was read anew: `page` holds what is older than `from` (null: the newest), down to its last
 * row. Within it the page alone is right: what it lacks was deleted or fits the filters no longer, what it has beside
 * came late. When it does not reach any row that we have, more came than a page holds, and the window goes on from
 * its end: a list with a hole would be wrong.
 */
export function takeStretch<T extends Placed>(
  window: KeysetWindow<T>,
  from: Placed | null,
  page: KeysetPage<T>,
): KeysetWindow<T> {
  const above = from === null ? [] : window.rows.filter((row) => compare(row, from) <= 0)
  const last = page.rows.at(-1)
  const rest = window.rows.slice(above.length)
  const fresh = new Set(page.rows.map((row) => row.id))
  const isConnected = rest.length === 0 || rest.some((row) => fresh.has(row.id))
  const below =
    page.nextCursor === null || last === undefined || !isConnected
      ? []
      : rest.filter((row) => compare(row, last) > 0 && !fresh.has(row.id))
  return {
    rows: [...above.filter((row) => !fresh.has(row.id)), ...page.rows, ...below],
    newer: from === null ? page.prevCursor : window.newer,
    older: below.length > 0 ? window.older : page.nextCursor,
    pins: window.pins,
  }
}

/** Newer rows are known to have come: they are read when one looks there. */
export function expectNewer<T extends Placed>(window: KeysetWindow<T>): KeysetWindow<T> {
  const first = window.rows[0]
  return window.newer !== null || first === undefined ? window : { ...window, newer: placeOf(first) }
}

/** The row at this place begins a line now: rows that come or go above it leave it and what follows where they are. */
export function pinAt<T extends Placed>(window: KeysetWindow<T>, place: Placed): KeysetWindow<T> {
  const isPinned = window.pins.some((pin) => compare(pin, place) === 0)
  return isPinned ? window : { ...window, pins: [place, ...window.pins] }
}
