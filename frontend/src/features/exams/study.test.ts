import { describe, expect, test } from 'vitest'
import type { Study, StudyDetail, StudyImage } from '@/shared/api/studies'
import { countsInWords, examTitle, hangingOf, imagesBeside, mayBeOnePatient, studyName } from './study'

const LINKS = { self: '', file: '', png: null, tags: null, thumbnail256: null, thumbnail512: null }

function hung(id: number, laterality: string | null = null, viewPosition: string | null = null): StudyImage {
  return {
    id,
    status: 'ready',
    laterality,
    viewPosition,
    links: LINKS,
    thumbnailWidth: 1,
    thumbnailHeight: 1,
  }
}

const SLOTS = ['R CC', 'L CC', 'R MLO', 'L MLO']

function exam(change: Partial<Study> = {}): Study {
  return {
    id: 7,
    studyInstanceUid: '1.2',
    createdAt: '2026-11-23T10:00:00.000000Z',
    studyAt: '2026-11-20T12:00:00',
    studyDescription: 'Screening',
    accessionNumber: null,
    patientId: 'P-1',
    patientName: 'Doe, Jane',
    modalities: ['MG'],
    imageCount: 1,
    statusCounts: { pending: 0, processing: 0, ready: 1, rejected: 0, failed: 0 },
    state: 'ready',
    views: { present: [], missing: [...SLOTS], repeated: [], extra: [] },
    hanging: SLOTS.map((slot) => ({ slot, image: null })),
    others: [],
    memberCount: 1,
    uploaders: [],
    suggestion: null,
    ...change,
  }
}

describe('the title', () => {
  test('names patient and date', () => {
    expect(examTitle(exam())).toBe('P-1 · Doe, Jane · 20 Nov 2026')
  })
  test('leaves out what is not known, and is never empty', () => {
    expect(examTitle(exam({ patientName: null }))).toBe('P-1 · 20 Nov 2026')
    expect(examTitle(exam({ patientName: null, patientId: null }))).toBe('Exam of 20 Nov 2026')
    expect(examTitle(exam({ patientName: null, patientId: null, studyAt: null }))).toBe('Exam 7')
  })
})

describe('the hanging', () => {
  test('keeps the four places of a mammogram, the missing ones empty', () => {
    const hanging = SLOTS.map((slot) => ({ slot, image: slot === 'L CC' ? hung(1, 'L', 'CC') : null }))
    const study = exam({ hanging, views: { present: ['L CC'], missing: ['R CC'], repeated: [], extra: [] } })
    expect(hangingOf(study).map((one) => [one.slot, one.image?.id])).toEqual([
      ['R CC', undefined],
      ['L CC', 1],
      ['R MLO', undefined],
      ['L MLO', undefined],
    ])
  })
  test('of other exams shows the first pictures', () => {
    const others = [hung(1), hung(2, 'R'), hung(3), hung(4), hung(5)]
    const study = exam({ others, views: { present: [], missing: [], repeated: [], extra: [] } })
    expect(hangingOf(study).map((one) => one.slot)).toEqual([
      'View unknown',
      'R',
      'View unknown',
      'View unknown',
    ])
  })
})

test('what does not hang stands beside it', () => {
  const hanging = SLOTS.map((slot, index) => ({ slot, image: index === 0 ? hung(1, 'R', 'CC') : null }))
  const images = [{ id: 1 }, { id: 2 }] as StudyDetail['images']
  const study: StudyDetail = { ...exam({ hanging }), images, members: [] }
  expect(imagesBeside(study).map((image) => image.id)).toEqual([2])
})

test('the counts name only what there is', () => {
  const counts = { pending: 1, processing: 0, ready: 8, rejected: 0, failed: 2 }
  expect(countsInWords(counts)).toBe('8 ready, 1 queued, 2 failed')
  expect(countsInWords({ pending: 0, processing: 0, ready: 0, rejected: 0, failed: 0 })).toBe('none')
})

test('a study in a list is named by date and description', () => {
  expect(studyName(exam())).toBe('20 Nov 2026, Screening')
  expect(studyName(exam({ studyAt: null, studyDescription: null }))).toBe('Exam 7')
})

test.each([
  ['P-1', 'P-1', true],
  ['P-1', 'P-2', false],
  [null, 'P-2', true],
  ['Mass-Test_P_00173_LEFT_CC', 'Mass-Test_P_00173_RIGHT_MLO', true],
  ['Mass-Test_P_00173_LEFT_CC', 'Mass-Test_P_00174_LEFT_CC', false],
])('exams of %s and %s can be one: %s', (one, other, expected) => {
  expect(mayBeOnePatient(one, other)).toBe(expected)
})
