import { expect, test } from 'vitest'
import type { Acquisition, Spacing, Technique } from '@/shared/api/types'
import { badgesOf, basisInWords, spacingInMillimetres, techniqueFacts } from './technique'

const silent: Technique = {
  kvpKv: null,
  exposureMas: null,
  organDoseMgy: null,
  entranceDoseMgy: null,
  compressionForceN: null,
  bodyPartThicknessMm: null,
  halfValueLayerMmAl: null,
  anodeTargetMaterial: null,
  filterMaterial: null,
  detectorId: null,
  deviceSerialNumber: null,
  operatorsName: null,
  irradiationEventUid: null,
  implausible: [],
}

function spacing(basis: Spacing['basis'], mm: number | null, magnification: number | null = null): Spacing {
  return { rowMm: mm, columnMm: mm, basis, magnification }
}

test('millimetres always say what they are millimetres of', () => {
  expect(basisInWords(spacing('detector', 0.07))).toBe('at detector')
  expect(basisInWords(spacing('magnification_corrected', 0.0467, 1.5))).toBe('corrected ×1.5')
  expect(basisInWords(spacing('calibrated', 0.05))).toBe('calibrated')
  expect(basisInWords(spacing('scanned_film', 0.05))).toBe('scanned film')
  expect(basisInWords(spacing('none', null))).toBe('no millimetres: lengths in pixels')
})

test('rows and columns are one number unless they differ', () => {
  expect(spacingInMillimetres(spacing('detector', 0.07))).toBe('0.07 mm')
  expect(spacingInMillimetres({ ...spacing('detector', 0.07), columnMm: 0.08 })).toBe('0.07 × 0.08 mm')
  expect(spacingInMillimetres(spacing('none', null))).toBeNull()
})

test('what the header does not state is left out', () => {
  expect(techniqueFacts(silent)).toEqual([])
  expect(techniqueFacts({ ...silent, kvpKv: 0 })).toHaveLength(1)
})

test('values have their units, target and filter stand together', () => {
  const facts = techniqueFacts({
    ...silent,
    kvpKv: 29,
    organDoseMgy: 1.2345678,
    anodeTargetMaterial: 'TUNGSTEN',
    filterMaterial: 'RHODIUM',
  })
  expect(facts.map(({ name, value, unit }) => [name, value, unit])).toEqual([
    ['Tube voltage', '29', 'kV'],
    ['Organ dose', '1.235', 'mGy'],
    ['Target / filter', 'tungsten / rhodium', null],
  ])
})

test('an implausible value is shown and explained, not hidden', () => {
  const [fact] = techniqueFacts({ ...silent, compressionForceN: 1200, implausible: ['compression_force_n'] })
  expect(fact?.value).toBe('1200')
  expect(fact?.doubt).toContain('ten times too much')
})

test('every number has an explanation for its doubt', () => {
  const names: (keyof Technique & string)[] = [
    'kvpKv',
    'exposureMas',
    'organDoseMgy',
    'entranceDoseMgy',
    'compressionForceN',
    'bodyPartThicknessMm',
    'halfValueLayerMmAl',
  ]
  const columns = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  const all = Object.fromEntries(names.map((name) => [name, 1e6]))
  const facts = techniqueFacts({ ...silent, ...all, implausible: columns })
  expect(facts).toHaveLength(names.length)
  expect(facts.every((fact) => fact.doubt !== null && !fact.doubt.startsWith('No mammography'))).toBe(true)
})

test('what a reader must know of the view is a badge, and only what is said to be so', () => {
  const acquisition = {
    viewModifiers: ['implant_displaced', 'some_new_modifier'],
    breastImplantPresent: true,
    partialView: false,
    qualityControlImage: null,
  } as unknown as Acquisition
  expect(badgesOf(acquisition)).toEqual(['Implant displaced', 'Some new modifier', 'Implant present'])
  expect(badgesOf(null)).toEqual([])
})
