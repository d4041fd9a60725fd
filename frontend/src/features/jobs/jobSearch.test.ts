import { expect, test } from 'vitest'
import { countJobFilters, filtersOf, readJobSearch } from './jobSearch'

test('what a URL holds and the server would refuse is ignored', () => {
  const search = readJobSearch({ queue: 'mine', state: 'lost', imageId: '12a', reason: 'a b', cursor: '' })
  expect(countJobFilters(search)).toBe(0)
  expect(search.cursor).toBeUndefined()
})

test('all filters and the page are read', () => {
  const search = readJobSearch({
    queue: 'thumbnail',
    state: 'failed',
    imageId: '12',
    reason: 'decoder_crash',
    cursor: '2026-11-23T10:00:00.000000Z_thumbnail-12',
    direction: 'prev',
  })
  expect(countJobFilters(search)).toBe(4)
  expect(search.direction).toBe('prev')
  expect(filtersOf(search)).not.toHaveProperty('cursor')
})
