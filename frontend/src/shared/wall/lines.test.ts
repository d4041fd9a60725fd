import { describe, expect, test } from 'vitest'
import { gridFor, lineOf, linesOf, linesWithin, stepFrom } from '@/shared/wall/lines'
import type { Placed } from '@/shared/wall/place'
import { randomFrom, rowAt } from '@/shared/wall/randomList.testing'

const wish = { tileWidth: 150, fewestColumns: 2, pictureHeight: (w: number) => (w * 4) / 3, captionEm: 1.75 }
const grid = { columns: 3, tileWidth: 100, tileHeight: 92, gap: 8, headingHeight: 40 }
const byMinute = (row: Placed) => row.createdAt.slice(0, 16)

/** Newest first, one a second, a group a minute. */
function rows(count: number): Placed[] {
  return Array.from({ length: count }, (_, n) => rowAt(count - n, count - n))
}

test('tiles fill the width, as few columns as wished at least, and larger text has room', () => {
  for (const width of [320, 390, 700, 1440, 3840]) {
    const found = gridFor(width, 16, wish)
    expect(found.columns).toBeGreaterThanOrEqual(2)
    const used = found.columns * found.tileWidth + (found.columns - 1) * found.gap
    expect(used).toBeLessThanOrEqual(width)
    expect(width - used).toBeLessThan(found.columns)
  }
  expect(gridFor(1000, 32, wish).tileHeight).toBeGreaterThan(gridFor(1000, 16, wish).tileHeight)
})

describe('lines', () => {
  test('each group begins a line of its own under a heading', () => {
    const { lines, height } = linesOf([rowAt(9, 61), rowAt(8, 60), rowAt(7, 5)], [], byMinute, {
      ...grid,
      columns: 2,
    })
    expect(lines.map(({ kind, start, end, top }) => [kind, start, end, top])).toEqual([
      ['heading', 0, 0, 0],
      ['tiles', 0, 2, 40],
      ['heading', 2, 2, 140],
      ['tiles', 2, 3, 180],
    ])
    expect(height).toBe(280)
    expect(linesOf([], [], byMinute, grid)).toEqual({ lines: [], height: 0 })
  })

  test('rows put in above a pin leave every tile below in its column', () => {
    const all = rows(50)
    const held = all.slice(20)
    const columns = (list: readonly Placed[], pins: readonly Placed[]) =>
      new Map(
        linesOf(list, pins, () => 'one day', grid)
          .lines.filter((line) => line.kind === 'tiles')
          .flatMap((line) => list.slice(line.start, line.end).map((row, n) => [row.id, n] as const)),
      )
    const before = columns(held, [])
    for (let put = 1; put <= 20; put += 1) {
      const after = columns(all.slice(20 - put), [held[0] as Placed])
      for (const [id, column] of before) expect(after.get(id)).toBe(column)
    }
  })

  test('a pin whose row was deleted holds all the same, and of two the older one', () => {
    const all = rows(20)
    const pin = all[7] as Placed
    const left = all.filter((row) => row !== pin)
    const starts = linesOf(left, [all[2] as Placed, pin], () => 'one day', grid)
      .lines.filter((line) => line.kind === 'tiles')
      .map((line) => line.start)
    expect(starts).toEqual([0, 1, 4, 7, 10, 13, 16])
  })

  test('every row lies in exactly one line, lines follow each other without a gap', () => {
    const random = randomFrom(5)
    for (let turn = 0; turn < 100; turn += 1) {
      const list = rows(random(200))
      const pins = list.filter(() => random(20) === 0)
      const all = linesOf(list, pins, byMinute, { ...grid, columns: 2 + random(8) })
      const covered = all.lines.flatMap((line) => list.slice(line.start, line.end))
      expect(covered).toEqual(list)
      let top = 0
      for (const line of all.lines) {
        expect(line.top).toBe(top)
        top += line.height
      }
      expect(all.height).toBe(top)
      list.forEach((_, index) => {
        const line = lineOf(all, index)
        expect(line !== null && line.kind === 'tiles' && line.start <= index && index < line.end).toBe(true)
      })
    }
  })
})

test('the lines that touch a stretch are found', () => {
  const all = linesOf(rows(30), [], () => 'one day', grid)
  expect(linesWithin(all, 0, 40)).toEqual({ first: 0, last: 1 })
  expect(linesWithin(all, 40, 141)).toEqual({ first: 1, last: 3 })
  expect(linesWithin(all, 99_999, 100_999)).toEqual({ first: 11, last: 11 })
})

test('arrow keys walk by lines, also over a short one', () => {
  const list = [rowAt(9, 63), rowAt(8, 62), rowAt(7, 61), rowAt(6, 60), rowAt(5, 5), rowAt(4, 4), rowAt(3, 3)]
  const all = linesOf(list, [], byMinute, grid)
  const from = (index: number, step: 'up' | 'down' | 'left' | 'right') =>
    stepFrom(all, index, step, list.length)
  expect([from(2, 'down'), from(3, 'down'), from(6, 'down')]).toEqual([3, 4, 6])
  expect([from(5, 'up'), from(1, 'up'), from(0, 'left'), from(6, 'right')]).toEqual([3, 1, 0, 6])
})
