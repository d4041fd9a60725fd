import { expect, test } from 'vitest'
import type { ImageSummary } from '@/shared/api/types'
import {
  describeImage,
  hasEstimatedWindow,
  sideAndView,
  sourceInWords,
  warningInWords,
} from '@/shared/format/image'

test('side and view make the chip, in this order', () => {
  expect(sideAndView({ laterality: 'R', viewPosition: 'MLO' })).toBe('R MLO')
  expect(sideAndView({ laterality: null, viewPosition: 'CC' })).toBe('CC')
  expect(sideAndView({ laterality: null, viewPosition: null })).toBeNull()
})

test('a side out of free text is called a guess', () => {
  expect(sourceInWords('ImageLaterality')).toBe('from Image Laterality')
  expect(sourceInWords('SeriesDescription')).toBe('guessed from Series Description')
  expect(sourceInWords(null)).toBeNull()
})

test('a person is named as such, and a report is called one', () => {
  expect(sourceInWords('person')).toBe('corrected by a person')
  const report = { objectKind: 'dose_report', laterality: null, viewPosition: null, originalName: 'a.dcm' }
  expect(describeImage(report as ImageSummary)).toBe('Dose report, a.dcm')
})

test('a warning about one field spells its keyword', () => {
  expect(warningInWords('unreadable_StudyDate')).toBe('Study Date in the file could not be read.')
  expect(warningInWords('missing_SOPInstanceUID')).toBe('The file lacks SOP Instance UID.')
  expect(warningInWords('newer_recipe_rejects')).toContain('earlier one')
})

test('an estimated window is recognised', () => {
  expect(hasEstimatedWindow({ voiSource: 'none_percentile' })).toBe(true)
  expect(hasEstimatedWindow({ voiSource: 'window' })).toBe(false)
  expect(hasEstimatedWindow({ voiSource: null })).toBe(false)
})

test('a warning that the page does not know is still shown', () => {
  expect(warningInWords('some_new_warning')).toBe('Some new warning.')
})
