import { expect, test } from 'vitest'
import { keepRows, openWindow, prependNewer, appendOlder, removeRows } from '@/shared/wall/keysetWindow'
import { lineOf, linesOf } from '@/shared/wall/lines'
import { compare, type Placed, placeBefore } from '@/shared/wall/place'
import { ListServer, randomFrom, rowAt } from '@/shared/wall/randomList.testing'
import { anchorOf, instantOfRoom, settle, type Standing } from '@/shared/wall/standing'

const grid = { columns: 4, tileWidth: 100, tileHeight: 192, gap: 8, headingHeight: 40 }
const groupOf = (row: Placed) => row.createdAt.slice(0, 16)
const VIEW = 900

/** How far below the window's top the line of this row begins. */
function topOf(
  rows: readonly Placed[],
  pins: readonly Placed[],
  standing: Standing,
  id: number,
): number | null {
  const index = rows.findIndex((row) => row.id === id)
  const line = index === -1 ? null : lineOf(linesOf(rows, pins, groupOf, grid), index)
  return line && standing.above + line.top - standing.scroll
}

/** Scrolls, reads and drops at random; answers by how much the first tile in view ever moved. */
function walk(seed: number): number[] {
  const random = randomFrom(seed)
  const server = new ListServer(Array.from({ length: 400 }, (_, n) => rowAt(n + 1, random(900))))
  const at = server.rows[150] as Placed
  let held = openWindow(server.read({ cursor: placeBefore(at), direction: 'next', limit: 20 }))
  let standing: Standing = { above: 0, total: 0, scroll: 0 }
  let anchor = anchorOf([at], linesOf([at], [], groupOf, grid), standing, 50)
  const moves: number[] = []
  function change(next: typeof held): void {
    held = next
    const lines = linesOf(held.rows, held.pins, groupOf, grid)
    const settled = settle({
      rows: held.rows,
      lines,
      goesOnAbove: held.newer !== null,
      goesOnBelow: held.older !== null,
      before: standing,
      anchor,
      viewHeight: VIEW,
    })
    const top = anchor && topOf(held.rows, held.pins, settled, anchor.place.id)
    if (anchor && top !== null) moves.push(Math.abs(top - anchor.top))
    standing = settled
    anchor = anchorOf(held.rows, lines, standing, 50) ?? anchor
  }
  change(held)
  for (let step = 0; step < 120; step += 1) {
    const lines = linesOf(held.rows, held.pins, groupOf, grid)
    standing = { ...standing, scroll: standing.above + random(Math.max(1, lines.height - VIEW)) }
    anchor = anchorOf(held.rows, lines, standing, 50)
    const act = random(4)
    if (act === 0 && held.newer !== null)
      change(
        prependNewer(held, held.newer, server.read({ cursor: held.newer, direction: 'prev', limit: 20 })),
      )
    if (act === 1 && held.older !== null)
      change(appendOlder(held, held.older, server.read({ cursor: held.older, direction: 'next', limit: 20 })))
    if (act === 2) {
      const far = lines.lines.find((line) => standing.above + line.top > standing.scroll - 1500)
      change(keepRows(held, far?.start ?? 0, held.rows.length))
    }
    if (act === 3) {
      const above = held.rows.filter((row) => anchor && compare(row, anchor.place) < 0)
      const gone = above[random(above.length)]
      if (gone) {
        server.remove(gone.id)
        change(removeRows(held, new Set([gone.id])))
      }
    }
  }
  return moves
}

test('what is in view never moves while pages are put in, dropped, or rows above deleted', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const moves = walk(seed)
    expect(moves.length).toBeGreaterThan(30)
    expect(Math.max(...moves), `seed ${seed}`).toBeLessThan(0.01)
  }
})

test('the tile in view deleted, the next older one takes its place', () => {
  const rows = [rowAt(9, 9), rowAt(8, 8), rowAt(7, 7)]
  const one = { ...grid, columns: 1 }
  const before = linesOf(rows, [], groupOf, one)
  const standing = { above: 0, total: before.height, scroll: 200 }
  const anchor = anchorOf(rows, before, standing, 0)
  expect(anchor?.place.id).toBe(8)
  const left = rows.filter((row) => row.id !== 8)
  const after = linesOf(left, [], groupOf, one)
  const settled = settle({
    rows: left,
    lines: after,
    goesOnAbove: false,
    goesOnBelow: false,
    before: standing,
    anchor,
    viewHeight: VIEW,
  })
  expect(settled).toEqual({ above: 0, total: after.height, scroll: 200 })
})

test('at the ends of the list there is no room left', () => {
  const rows = [rowAt(9, 9)]
  const lines = linesOf(rows, [], groupOf, grid)
  const before = { above: 5000, total: 90_000, scroll: 5100 }
  const change = { rows, lines, before, anchor: anchorOf(rows, lines, before, 0), viewHeight: VIEW }
  expect(settle({ ...change, goesOnAbove: false, goesOnBelow: false })).toMatchObject({
    above: 0,
    total: lines.height,
    scroll: 100,
  })
  const open = settle({ ...change, goesOnAbove: true, goesOnBelow: true })
  expect(open).toMatchObject({ above: 5000, total: 90_000, scroll: 5100 })
})

test('the scroll bar dragged into the room stands for a time', () => {
  const lines = { lines: [], height: 2000 }
  const standing = { above: 50_000, total: 102_900, scroll: 25_000 }
  const times = { newest: 4000, first: 3000, last: 2000, oldest: 1000 }
  expect(instantOfRoom(standing, lines, VIEW, times)).toBe(3500)
  expect(instantOfRoom({ ...standing, scroll: 0 }, lines, VIEW, times)).toBe(4000)
  expect(instantOfRoom({ ...standing, scroll: 102_000 }, lines, VIEW, times)).toBe(1000)
  expect(instantOfRoom({ ...standing, scroll: 50_500 }, lines, VIEW, times)).toBeNull()
  expect(instantOfRoom({ ...standing, scroll: 48_000 }, lines, VIEW, times)).toBeNull()
})
