import { describe, expect, test } from 'vitest'
import type { ImagePage, ImageSummary } from '@/shared/api/types'
import {
  appendPage,
  emptyList,
  type ImageList,
  letGo,
  mergeHead,
  refillPage,
  removeImages,
  replaceImages,
} from './imageList'

/** Image n was made n seconds after midnight: the higher the newer. */
function image(id: number, more: Partial<ImageSummary> = {}): ImageSummary {
  const createdAt = `2026-11-23T12:${String(Math.floor(id / 60)).padStart(2, '0')}:${String(id % 60).padStart(2, '0')}.000000Z`
  return { id, createdAt, originalName: `${id}.dcm`, status: 'ready', ...more } as ImageSummary
}

function page(ids: number[], nextCursor: string | null = 'next'): ImagePage {
  return {
    images: ids.map((id) => image(id)),
    nextCursor,
    prevCursor: null,
    hasMore: nextCursor !== null,
    limit: 3,
  }
}

function idsOf(list: ImageList): number[] {
  return list.entries.map((entry) => entry.id)
}

const twoPages = appendPage(appendPage(emptyList, null, page([9, 8, 7], 'c7')), 'c7', page([6, 5, 4], 'c4'))

describe('reading on', () => {
  test('pages follow each other by their cursor', () => {
    expect(idsOf(twoPages)).toEqual([9, 8, 7, 6, 5, 4])
    expect(twoPages).toMatchObject({ nextCursor: 'c4', isComplete: false })
  })
  test('the same answer twice adds nothing', () => {
    expect(appendPage(twoPages, 'c7', page([6, 5, 4], 'c4'))).toBe(twoPages)
  })
  test('an image that is already there does not come twice', () => {
    expect(idsOf(appendPage(twoPages, 'c4', page([4, 3], null)))).toEqual([9, 8, 7, 6, 5, 4, 3])
  })
  test('the page without a cursor completes the list', () => {
    expect(appendPage(twoPages, 'c4', page([3], null)).isComplete).toBe(true)
  })
})

test('a cursor that leads back to itself ends the list', () => {
  expect(appendPage(twoPages, 'c4', page([3], 'c4')).isComplete).toBe(true)
  expect(appendPage(twoPages, 'c4', page([], 'c3')).isComplete).toBe(true)
})

describe('a fresh head', () => {
  test('new images come before the known ones', () => {
    expect(idsOf(mergeHead(twoPages, page([10, 9, 8])) ?? emptyList)).toEqual([10, 9, 8, 7, 6, 5, 4])
  })
  test('what was deleted within its span leaves', () => {
    const merged = mergeHead(twoPages, page([10, 9, 7]))
    expect(idsOf(merged ?? emptyList)).toEqual([10, 9, 7, 6, 5, 4])
    expect(merged?.images.has(8)).toBe(false)
  })
  test('an image that was committed late finds its place in between', () => {
    const list = appendPage(emptyList, null, page([9, 7, 6], 'c6'))
    expect(idsOf(mergeHead(list, page([9, 8, 7], 'c7')) ?? emptyList)).toEqual([9, 8, 7, 6])
  })
  test('when more arrived than fits a page, the list starts over rather than have a hole', () => {
    expect(mergeHead(twoPages, page([20, 19, 18]))).toBeNull()
  })
  test('a head that is the whole list replaces it', () => {
    const merged = mergeHead(twoPages, page([9, 8], null))
    expect(idsOf(merged ?? emptyList)).toEqual([9, 8])
    expect(merged?.isComplete).toBe(true)
  })
  test('reading on after it goes on where the list ended', () => {
    const merged = mergeHead(twoPages, page([10, 9, 8])) ?? emptyList
    expect(idsOf(appendPage(merged, 'c4', page([3, 2, 1], null)))).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
  })
})

describe('single images', () => {
  test('a newer state replaces the older one, an unknown image is not added', () => {
    const list = replaceImages(twoPages, [image(8, { status: 'failed' }), image(99)])
    expect(list.images.get(8)?.status).toBe('failed')
    expect(list.images.has(99)).toBe(false)
    expect(replaceImages(twoPages, [image(99)])).toBe(twoPages)
  })
  test('a deleted image leaves the list', () => {
    expect(idsOf(removeImages(twoPages, new Set([8])))).toEqual([9, 7, 6, 5, 4])
    expect(removeImages(twoPages, new Set([99]))).toBe(twoPages)
  })
})

describe('a long list', () => {
  function longList(): ImageList {
    let list = appendPage(emptyList, null, page([1000], 'p1'))
    for (let index = 1; index < 40; index += 1) {
      list = appendPage(list, `p${index}`, page([1000 - index], `p${index + 1}`))
    }
    return list
  }
  test('far from the window the images are let go, and their places stay', () => {
    const list = letGo(longList(), 30, 31)
    expect(list.entries).toHaveLength(40)
    expect(list.images.has(1000 - 30)).toBe(true)
    expect(list.images.has(1000 - 5)).toBe(false)
    expect(list.images.has(1000)).toBe(true)
  })
  test('what was let go is taken again, and what was deleted meanwhile leaves', () => {
    const let5go = letGo(longList(), 30, 31)
    expect(let5go.pages[5]?.isHeld).toBe(false)
    expect(refillPage(let5go, 5, page([995])).images.has(995)).toBe(true)
    const without = refillPage(let5go, 5, page([]))
    expect(without.entries).toHaveLength(39)
    expect(without.pages[5]?.isHeld).toBe(true)
  })
})
