import { expect, test } from 'vitest'
import { tick } from './selection'

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
