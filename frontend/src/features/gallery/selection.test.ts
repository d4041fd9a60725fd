import { expect, test } from 'vitest'
import { announceImages } from '@/shared/api/imageEvents'
import type { ImageSummary } from '@/shared/api/types'
import { clearSelection, knownImages, tick, tickAll, tickImage, useSelection } from './selection'

const order = [9, 8, 7, 6, 5]
const nothing = { ids: new Set<number>(), anchor: null }

test('a tick is set and taken back', () => {
  const one = tick(nothing, order, 8, false)
  expect([...one.ids]).toEqual([8])
  expect([...tick(one, order, 8, false).ids]).toEqual([])
})

test('with Shift all between two ticks are ticked, in both directions', () => {
  const down = tick(tick(nothing, order, 8, false), order, 6, true)
  expect([...down.ids].toSorted()).toEqual([6, 7, 8])
  const up = tick(tick(nothing, order, 5, false), order, 7, true)
  expect([...up.ids].toSorted()).toEqual([5, 6, 7])
})

test('Shift without a tick before it ticks one', () => {
  expect([...tick(nothing, order, 7, true).ids]).toEqual([7])
})

test('what is ticked stays so, and known, when the wall drops it; what is deleted is ticked no more', () => {
  const rows = [9, 8, 7].map((id) => ({ id, originalName: `${id}.dcm` }) as ImageSummary)
  clearSelection()
  tickImage(rows, 9, false)
  tickImage(rows, 7, true)
  expect([...useSelection.getState().ids].toSorted()).toEqual([7, 8, 9])
  expect(knownImages(rows, useSelection.getState().ids).size).toBe(3)
  expect(knownImages([], useSelection.getState().ids).get(8)?.originalName).toBe('8.dcm')
  announceImages({ kind: 'deleted', imageIds: [8, 5] })
  expect([...useSelection.getState().ids].toSorted()).toEqual([7, 9])
  expect(knownImages([], useSelection.getState().ids).has(8)).toBe(false)
  tickAll([{ id: 3 } as ImageSummary])
  expect(useSelection.getState().ids.size).toBe(3)
})
