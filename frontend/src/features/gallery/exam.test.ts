import { expect, test } from 'vitest'
import type { Study, StudyImage } from '@/shared/api/studies'
import { chipsOf, describeExam, placesOf, standingOf } from './exam'

const image = { id: 5, status: 'ready', laterality: 'L', viewPosition: 'CC' } as StudyImage

function exam(change: Partial<Study> = {}): Study {
  return {
    id: 1,
    studyInstanceUid: '1.2.3',
    createdAt: '2026-11-23T10:00:00Z',
    studyAt: null,
    studyDescription: null,
    accessionNumber: null,
    patientId: 'P-1',
    patientName: null,
    modalities: ['MG'],
    imageCount: 4,
    statusCounts: { pending: 0, processing: 0, ready: 4, rejected: 0, failed: 0 },
    state: 'ready',
    views: { present: [], missing: [], repeated: [], extra: [] },
    hanging: ['R CC', 'L CC', 'R MLO', 'L MLO'].map((slot) => ({ slot, image: null })),
    others: [],
    memberCount: 1,
    uploaders: [],
    suggestion: null,
    ...change,
  }
}

test('an exam without mammographic views shows its first pictures in the four places', () => {
  expect(placesOf(exam()).map((place) => place.slot)).toEqual(['R CC', 'L CC', 'R MLO', 'L MLO'])
  const places = placesOf(exam({ others: [image] }))
  expect(places).toHaveLength(4)
  expect(places.map((place) => place.image?.id)).toEqual([5, undefined, undefined, undefined])
})

test('what is odd is said in a word each, what is ready in none', () => {
  expect(chipsOf(exam())).toEqual([])
  expect(standingOf(exam())).toBeNull()
  const odd = exam({
    views: { present: [], missing: ['L CC'], repeated: ['R MLO'], extra: ['R XCCL', 'L ML'] },
    memberCount: 2,
    suggestion: { studyIds: [7], reason: 'same patient' },
  })
  expect(chipsOf(odd)).toEqual([
    'R MLO repeated',
    '2 extra views',
    '2 studies grouped',
    'belongs to another?',
  ])
  expect(describeExam(odd)).toBe(
    'Exam P-1, 4 images, L CC missing, R MLO repeated, 2 extra views, 2 studies grouped, belongs to another?',
  )
})

test('an exam says how many of its images are under way or in trouble', () => {
  const counts = { pending: 2, processing: 1, ready: 1, rejected: 0, failed: 0 }
  expect(standingOf(exam({ state: 'processing', statusCounts: counts }))?.words).toBe('Converting 3')
  const trouble = { pending: 0, processing: 0, ready: 1, rejected: 2, failed: 1 }
  expect(standingOf(exam({ state: 'troubled', statusCounts: trouble }))).toEqual({
    tone: 'failed',
    words: '1 failed, 2 rejected',
  })
})
