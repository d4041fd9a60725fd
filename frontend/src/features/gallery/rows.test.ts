import { expect, test } from 'vitest'
import { gridFor, rowHeight, rowsOf } from './rows'

function entries(...days: string[]) {
  return days.map((day, index) => ({ id: 100 - index, createdAt: day, day, pageIndex: 0 }))
}

test('each day begins a row of its own under a heading', () => {
  expect(rowsOf(entries('23', '23', '23', '22'), 2)).toEqual([
    { kind: 'day', day: '23' },
    { kind: 'tiles', start: 0, end: 2 },
    { kind: 'tiles', start: 2, end: 3 },
    { kind: 'day', day: '22' },
    { kind: 'tiles', start: 3, end: 4 },
  ])
  expect(rowsOf([], 4)).toEqual([])
})

test('tiles fill the width, two at least', () => {
  for (const width of [320, 390, 700, 1440, 3840]) {
    const grid = gridFor(width, 16)
    expect(grid.columns).toBeGreaterThanOrEqual(2)
    const used = grid.columns * grid.tileWidth + (grid.columns - 1) * grid.gap
    expect(used).toBeLessThanOrEqual(width)
    expect(width - used).toBeLessThan(grid.columns)
  }
})

test('larger text makes room for the caption and the headings', () => {
  const plain = gridFor(1000, 16)
  const large = gridFor(1000, 32)
  expect(large.tileHeight).toBeGreaterThan(plain.tileHeight)
  expect(rowHeight({ kind: 'day', day: '' }, large)).toBe(2 * rowHeight({ kind: 'day', day: '' }, plain))
})
