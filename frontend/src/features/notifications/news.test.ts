import { describe, expect, test } from 'vitest'
import type { News } from '@/shared/api/types'
import { badgeOf, groupNews, nameOf, newTroubles, outcomeInWords, troublesInWords } from './news'

function news(second: number, more: Partial<News> = {}): News {
  return {
    jobId: `dicom-${second}`,
    kind: 'convert_dicom',
    imageId: second,
    fileName: `${second}.dcm`,
    state: 'ready',
    reasonCode: null,
    reason: null,
    at: `2026-11-23T10:00:${String(second).padStart(2, '0')}Z`,
    unread: true,
    ...more,
  }
}

const rejected = (second: number, more: Partial<News> = {}) =>
  news(second, { state: 'rejected', reasonCode: 'truncated', reason: 'It was cut off.', ...more })

describe('groups', () => {
  test('three ready ones in a row are one line, two are not', () => {
    expect(groupNews([news(3), news(2), news(1)])).toHaveLength(1)
    expect(groupNews([news(2), news(1)]).map((entry) => entry.kind)).toEqual(['one', 'one'])
  })
  test('a trouble between them stays a line of its own, in its place', () => {
    const entries = groupNews([news(7), news(6), news(5), rejected(4), news(3), news(2), news(1)])
    expect(entries.map((entry) => entry.kind)).toEqual(['ready', 'one', 'ready'])
  })
  test('what is read is not mixed with what is not', () => {
    const entries = groupNews([
      news(6),
      news(5),
      news(4),
      news(3, { unread: false }),
      news(2, { unread: false }),
      news(1, { unread: false }),
    ])
    expect(entries.map((entry) => entry.kind === 'ready' && entry.isUnread)).toEqual([true, false])
  })
  test('nothing gets lost', () => {
    const all = [news(5), rejected(4), news(3), news(2), news(1)]
    const told = groupNews(all).flatMap((entry) => (entry.kind === 'one' ? [entry.news] : entry.news))
    expect(told).toEqual(all)
  })
})

describe('what is announced', () => {
  test('nothing of what was there when the page came', () => {
    expect(newTroubles(undefined, [rejected(1)])).toEqual([])
  })
  test('a new trouble, and not one that only came into sight further down', () => {
    const before = [news(5), news(4)]
    expect(newTroubles(before, [rejected(6), news(5), rejected(2)]).map((one) => one.imageId)).toEqual([6])
  })
  test('one that failed again after a retry is told again', () => {
    expect(newTroubles([rejected(5)], [rejected(5, { at: '2026-11-23T10:00:09Z' })])).toHaveLength(1)
  })
  test('one in full, several by their number', () => {
    expect(troublesInWords([rejected(1)])).toBe('1.dcm: was rejected. It was cut off.')
    expect(troublesInWords([rejected(2), rejected(1)])).toContain('2 uploads')
    expect(troublesInWords([])).toBe('')
  })
})

test('what an administrator took out did not fail', () => {
  expect(outcomeInWords(news(1, { state: 'failed', reasonCode: 'cancelled' }))).toContain('taken out')
})

test('a deleted image has no name any more', () => {
  expect(nameOf(news(7, { fileName: null }))).toContain('Image 7')
})

test('the badge stays small', () => {
  expect(badgeOf(99)).toBe('99')
  expect(badgeOf(1000)).toBe('99+')
})
