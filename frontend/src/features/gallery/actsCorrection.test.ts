import { expect, test } from 'vitest'
import {
  AS_THE_FILE_SAYS,
  changeOf,
  standingsInWords,
  standingsOf,
  turnsBack,
  UNTOUCHED,
} from './actsCorrection'

function image(id: number, laterality: string | null, source: string | null, view: string | null = null) {
  return {
    id,
    laterality,
    lateralitySource: source,
    viewPosition: view,
    viewPositionSource: view === null ? null : 'ViewPosition',
  }
}

test('what is not said is not sent', () => {
  expect(changeOf({ laterality: UNTOUCHED, viewPosition: UNTOUCHED })).toBeNull()
  expect(changeOf({ laterality: 'R', viewPosition: UNTOUCHED })).toEqual({ laterality: 'R' })
  expect(changeOf({ laterality: AS_THE_FILE_SAYS, viewPosition: 'CC' })).toEqual({
    laterality: null,
    viewPosition: 'CC',
  })
})

test('undoing gives each image its own past back, and touches no other field', () => {
  const before = [
    image(1, 'L', 'ImageLaterality', 'MLO'),
    image(2, null, null),
    image(3, 'B', 'person'),
    image(4, 'B', 'person'),
  ]
  expect(turnsBack(before, { laterality: 'R' })).toEqual([
    { imageIds: [1, 2], change: { laterality: null } },
    { imageIds: [3, 4], change: { laterality: 'B' } },
  ])
})

test('what the files say is told once, the most frequent first', () => {
  const images = [image(1, null, null), image(2, 'R', 'ImageLaterality'), image(3, 'R', 'ImageLaterality')]
  expect(standingsInWords(standingsOf(images, 'laterality'))).toBe(
    '2 × R, right (from Image Laterality); 1 × the file says nothing',
  )
})
