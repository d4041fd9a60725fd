/**
 * Places in a list that is kept newest first. A place is written as the server's cursor, `<createdAt>_<id>`, and need
 * not be that of a row: `<instant>_0` stands between what came before that instant and what came at or after it.
 */
export interface Placed {
  readonly id: number
  readonly createdAt: string
}

/** The server leaves out a fraction that is zero, and reads a cursor without one as an old client's: put it back. */
function fullPrecision(createdAt: string): string {
  const [, seconds = createdAt, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z?$/.exec(createdAt) ?? []
  return `${seconds}.${fraction.padEnd(6, '0')}Z`
}

export function placeOf(row: Placed): string {
  return `${fullPrecision(row.createdAt)}_${row.id}`
}

const PLACE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z_(0|[1-9]\d{0,14})$/

/** What a place says, or null for what is none, as in a link that somebody has cut short. */
export function readPlace(text: string): Placed | null {
  const [, seconds, fraction = '', id] = PLACE.exec(text) ?? []
  if (seconds === undefined || Number.isNaN(Date.parse(`${seconds}Z`))) return null
  return { createdAt: `${seconds}.${fraction.padEnd(6, '0')}Z`, id: Number(id) }
}

/** Rows older than this place begin with the row at `place` itself. */
export function placeBefore(place: Placed): string {
  return `${fullPrecision(place.createdAt)}_${place.id + 1}`
}

/** The place from which on everything is older than `instant`. */
export function placeAt(instant: Date): Placed {
  return { createdAt: fullPrecision(instant.toISOString()), id: 0 }
}

/** Negative when `a` is newer and so comes first. */
export function compare(a: Placed, b: Placed): number {
  if (a.createdAt === b.createdAt) return b.id - a.id
  const [ofA, ofB] =
    a.createdAt.length === b.createdAt.length
      ? [a.createdAt, b.createdAt]
      : [fullPrecision(a.createdAt), fullPrecision(b.createdAt)]
  if (ofA === ofB) return b.id - a.id
  return ofA > ofB ? -1 : 1
}

/** Of rows that are newest first: the first that is not newer than `place`; their count if there is none. */
export function firstFrom(rows: readonly Placed[], place: Placed): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = rows[middle]
    if (row !== undefined && compare(row, place) < 0) low = middle + 1
    else high = middle
  }
  return low
}
