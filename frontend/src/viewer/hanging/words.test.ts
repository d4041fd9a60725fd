import { expect, test } from 'vitest'
import { arrange } from './arrange'
import { anExam, anImage } from './images.testing'
import { LAYOUTS } from './layouts'
import {
  arrangementDescription,
  imagesInWords,
  layoutName,
  listInWords,
  modifierName,
  paneDescription,
  paneLabel,
  patientWords,
  slotLabel,
  stepDescription,
  viewLabel,
} from './words'

test('every layout has a name of its own', () => {
  expect(new Set(LAYOUTS.map(layoutName)).size).toBe(LAYOUTS.length)
})

test.each([
  [{ laterality: 'R', viewPosition: 'MLO' }, 'R MLO'],
  [{ laterality: null, viewPosition: 'MLO' }, 'MLO, side unknown'],
  [{ laterality: 'L', viewPosition: null }, 'L, view unknown'],
  [{ laterality: null, viewPosition: null }, 'Side and view unknown'],
  [
    { laterality: null, viewPosition: null, modality: 'US', seriesDescription: 'Right axilla' },
    'Right axilla',
  ],
  [{ laterality: null, viewPosition: null, modality: 'US' }, 'US'],
  [{ laterality: null, viewPosition: null, modality: null, originalName: 'scan.png' }, 'scan.png'],
])('%j is called %s', (wanted, label) => {
  expect(viewLabel(anImage(wanted))).toBe(label)
})

test('a label says what sets the image apart, and whether it is the earlier one', () => {
  const image = anImage({
    laterality: 'R',
    viewModifiers: ['spot_compression', 'magnification', 'a_new_modifier'],
    partialView: true,
  })
  expect(paneLabel(image)).toBe('R CC · spot, magnified, a new modifier, partial view')
  expect(paneLabel(anImage({ laterality: 'R' }), { at: '2024-05-12T12:00:00Z' })).toBe(
    'R CC · prior 12 May 2024',
  )
  expect(paneLabel(anImage({ laterality: 'R' }), { at: 'sometime' })).toBe('R CC · prior')
  expect(slotLabel('R MLO', { at: null })).toBe('R MLO · prior')
  expect(modifierName('implant_displaced')).toBe('implant displaced')
})

test('a pane is described in words', () => {
  const images = anExam('R CC', 'L CC')
  const waiting = anImage({ laterality: 'R', viewPosition: 'MLO', status: 'pending', acquiredAt: null })
  const hung = arrange([...images, waiting], 'prior-four', { prior: images })
  expect(hung.panes.map(paneDescription)).toEqual([
    'Right CC, acquired 23 Nov 2026.',
    'Left CC, acquired 23 Nov 2026.',
    'Right MLO. Waiting to be converted.',
    'Left MLO. No L MLO in this exam.',
    'Right CC, prior exam of 23 Nov 2026.',
    'Left CC, prior exam of 23 Nov 2026.',
    'Right MLO, prior exam. No R MLO in the prior exam.',
    'Left MLO, prior exam. No L MLO in the prior exam.',
  ])
  expect(arrange([], 'single').panes.map(paneDescription)).toEqual(['Empty pane. No image.'])
})

test('so is the whole', () => {
  const hung = arrange(anExam('R CC', 'L CC', 'R MLO'), 'four')
  expect(arrangementDescription(hung.layout, hung.panes)).toBe(
    'Four views, two by two: R CC, L CC and R MLO; nothing to show for L MLO.',
  )
})

test('a step says its place', () => {
  expect(stepDescription({ title: 'R CC at 1:1' }, 2, 12)).toBe('R CC at 1:1, place 3 of 12')
  expect(stepDescription({ title: 'CC pair' }, 0, 1)).toBe('CC pair')
})

test('lists and counts are written as people write them', () => {
  expect(listInWords([])).toBe('')
  expect(listInWords(['a'])).toBe('a')
  expect(listInWords(['a', 'b', 'c'])).toBe('a, b and c')
  expect([imagesInWords(1), imagesInWords(2)]).toEqual(['1 image', '2 images'])
})

test.each([
  ['Doe^Jane', 'P-1', '19800615', 'Doe, Jane · P-1 · born 15 Jun 1980'],
  ['Doe^Jane^Ann^Dr', 'P-1', '1980-06-15', 'Doe, Jane Ann · P-1 · born 15 Jun 1980'],
  ['P-1', 'P-1', null, 'P-1'],
  [null, null, 'unknown', 'born unknown'],
  ['Yamada^Tarou=山田^太郎', null, '', 'Yamada, Tarou'],
  ['', null, null, null],
])('the patient %s, %s, %s is written as %s', (patientName, patientId, patientBirthDate, words) => {
  expect(patientWords({ patientName, patientId, patientBirthDate })).toBe(words)
})
