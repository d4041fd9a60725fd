import type { KeysetPage } from '@/shared/wall/keysetWindow'
import { compare, type Placed, placeOf } from '@/shared/wall/place'
import type { PageQuestion } from '@/shared/wall/wall'

/** Numbers below `limit`, the same for the same seed, so that a failing walk can be walked again. */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed * 2_654_435_761 + 1
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** A row at a second of the day; several share one, as they do when a folder is imported. */
export function rowAt(id: number, second: number): Placed {
  return { id, createdAt: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString() }
}

/** The server's list in memory, with its rules: strictly beyond the cursor, newest first, cursors null at the ends. */
export class ListServer {
  rows: Placed[] = []

  constructor(rows: readonly Placed[]) {
    this.rows = [...rows].toSorted(compare)
  }

  add(row: Placed): void {
    this.rows = [...this.rows, row].toSorted(compare)
  }

  remove(id: number): void {
    this.rows = this.rows.filter((row) => row.id !== id)
  }

  read({ cursor, direction, limit }: PageQuestion): KeysetPage<Placed> {
    const at = cursor === null ? null : placed(cursor)
    const isOlder = (row: Placed) => at === null || compare(row, at) > 0
    const isNewer = (row: Placed) => at === null || compare(row, at) < 0
    const beyond = direction === 'next' ? this.rows.filter(isOlder) : this.rows.filter(isNewer)
    const rows = direction === 'next' ? beyond.slice(0, limit) : beyond.slice(-limit)
    const [first, last] = [rows[0], rows.at(-1)]
    const [newest, oldest] = [this.rows[0], this.rows.at(-1)]
    if (!first || !last) {
      // An empty page turns round just beyond the cursor, so that the row at the cursor itself comes again.
      const behind = at === null || this.rows.length === 0 ? null : placeOf({ ...at, id: 0 })
      return { rows, nextCursor: null, prevCursor: direction === 'next' ? behind : null }
    }
    return {
      rows,
      nextCursor: last === oldest ? null : placeOf(last),
      prevCursor: first === newest ? null : placeOf(first),
    }
  }
}

function placed(cursor: string): Placed {
  const [createdAt = '', id = ''] = cursor.split('_')
  return { createdAt, id: Number(id) }
}
