import { expect, test } from 'vitest'
import { hasEstimatedWindow, sideAndView, sourceInWords, warningInWords } from '@/shared/format/image'

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

test('an estimated window is recognised', () => {
  expect(hasEstimatedWindow({ voiSource: 'none_percentile' })).toBe(true)
  expect(hasEstimatedWindow({ voiSource: 'window' })).toBe(false)
  expect(hasEstimatedWindow({ voiSource: null })).toBe(false)
})

test('a warning that the page does not know is still shown', () => {
  expect(warningInWords('some_new_warning')).toBe('some new warning')
})
