import { expect, test } from 'vitest'
import type { Correction, ImageDetail } from '@/shared/api/types'
import { fileInWords, patchOf, tagTrouble, undoOf, wantedOf, whereFrom } from './correction'

const file = {
  laterality: 'L',
  lateralitySource: 'ImageLaterality',
  viewPosition: null,
  viewPositionSource: null,
  corrections: [] as Correction[],
} as ImageDetail
const corrected = {
  ...file,
  laterality: 'R',
  lateralitySource: 'person',
  corrections: [
    {
      field: 'laterality',
      value: 'R',
      fileValue: 'L',
      fileSource: 'ImageLaterality',
      correctedBy: 3,
      correctedByName: 'Ada Example',
      correctedAt: '2026-11-23T12:05:00',
    },
  ],
} as ImageDetail

test('a side says where it comes from, a corrected one who said so and what the file says', () => {
  expect(whereFrom(file, 'laterality')).toBe('from Image Laterality')
  expect(whereFrom(file, 'viewPosition')).toBeNull()
  expect(whereFrom(corrected, 'laterality')).toBe(
    'corrected by Ada Example on 23 Nov 2026, 12:05; the file says L (Image Laterality)',
  )
  expect(fileInWords(file, 'viewPosition')).toBe('nothing')
})

test('the form begins with what holds, and then has nothing to save', () => {
  expect(wantedOf(file)).toEqual({ laterality: '', viewPosition: '' })
  expect(wantedOf(corrected)).toEqual({ laterality: 'R', viewPosition: '' })
  expect(patchOf(file, wantedOf(file))).toBeNull()
  expect(patchOf(corrected, wantedOf(corrected))).toBeNull()
})

test('only what changes is sent', () => {
  expect(patchOf(file, { laterality: 'R', viewPosition: '' })).toEqual({ laterality: 'R' })
  expect(patchOf(corrected, { laterality: 'R', viewPosition: 'CC' })).toEqual({ viewPosition: 'CC' })
})

test('what the file says anyway is no correction, but takes one back', () => {
  expect(patchOf(file, { laterality: 'L', viewPosition: '' })).toBeNull()
  expect(patchOf(corrected, { laterality: 'L', viewPosition: '' })).toEqual({ laterality: null })
  expect(patchOf(corrected, { laterality: '', viewPosition: '' })).toEqual({ laterality: null })
})

test('an undo brings back the correction that was there, or the file', () => {
  expect(undoOf(file, { laterality: 'R' })).toEqual({ laterality: null })
  expect(undoOf(corrected, { laterality: null, viewPosition: 'CC' })).toEqual({
    laterality: 'R',
    viewPosition: null,
  })
})

test('a tag that the server would refuse is refused here, with the reason', () => {
  expect(tagTrouble(['teaching'], ' follow-up ')).toBeNull()
  expect(tagTrouble(['teaching'], ' teaching')).toContain('already')
  expect(tagTrouble([], '  ')).toContain('first')
  expect(tagTrouble([], 'x'.repeat(51))).toContain('50')
  expect(
    tagTrouble(
      Array.from({ length: 20 }, (_, n) => `tag ${n}`),
      'one more',
    ),
  ).toContain('20')
})
