import { expect, test } from 'vitest'
import {
  countFilters,
  filtersKey,
  readGallerySearch,
  readImageFilters,
  toListQuery,
} from '@/shared/api/imageFilters'

test('unknown names and values in a URL are ignored', () => {
  expect(readImageFilters({ status: 'ready', fileType: 'exe', colour: 'red', q: ' ' })).toEqual({
    status: 'ready',
  })
})

test('the same filters give the same key in any order', () => {
  expect(filtersKey({ q: '0042', view: 'CC' })).toBe(filtersKey({ view: 'CC', q: '0042' }))
  expect(filtersKey({ q: 'CC' })).not.toBe(filtersKey({ view: 'CC' }))
})

test('empty filters count as none', () => {
  expect(countFilters({})).toBe(0)
  expect(countFilters({ view: undefined, laterality: 'R' })).toBe(1)
})

test('the days of the URL are whole days of the reader, the last one included', () => {
  const query = toListQuery({ from: '2026-11-23', to: '2026-11-23' })
  expect(query.from).toBe(new Date(2026, 10, 23).toISOString())
  expect(query.to).toBe(new Date(2026, 10, 24).toISOString())
  expect(toListQuery({ from: 'yesterday' }).from).toBeUndefined()
})

test('the gallery keeps its view and its place in the URL, and ignores what it does not know', () => {
  const place = '2026-11-23T10:00:00.000000Z_12'
  expect(readGallerySearch({ show: 'exams', at: place, status: 'ready', studyFrom: '2024-01-01' })).toEqual({
    show: 'exams',
    at: place,
    status: 'ready',
    studyFrom: '2024-01-01',
  })
  expect(readGallerySearch({ show: 'images', at: '', studyTo: 'soon' })).toEqual({})
})
