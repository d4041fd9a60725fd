import { describe, expect, test } from 'vitest'
import type { Job, JobState, UnfinishedUpload, UploadAnswer } from '@/shared/api/types'
import {
  advance,
  interruptedItem,
  newItem,
  stageInWords,
  type UploadEvent,
  type UploadItem,
} from './uploadItem'

function after(...events: UploadEvent[]): UploadItem {
  return events.reduce(advance, newItem(1, 'a.dcm', 1000))
}

function answerWith(...ids: number[]): UploadAnswer {
  const images = ids.map((id) => ({
    id,
    jobId: `dicom-${id}`,
    status: 'pending' as const,
    sha256: '0',
    duplicate: false,
    name: 'a.dcm',
  }))
  return { images, rejected: [] }
}

function report(...states: [number, JobState, string?][]): UploadEvent {
  const jobs = states.map(([imageId, state, error]): [string, Job] => [
    `dicom-${imageId}`,
    {
      id: `dicom-${imageId}`,
      name: 'convert_dicom',
      queue: 'dicom-conversion',
      state,
      attemptsMade: 1,
      attempts: 3,
      progress: 0,
      errorCode: null,
      error: error ?? null,
      imageId,
      createdAt: '',
      updatedAt: '',
      finishedAt: null,
      timeline: [],
    },
  ])
  return { kind: 'reported', jobs: new Map(jobs) }
}

const started: UploadEvent = { kind: 'started' }

describe('the ordinary way', () => {
  test('a file goes from waiting over sending and converting to ready', () => {
    const sent = after(started, { kind: 'progressed', sentByteCount: 400 })
    expect(sent).toMatchObject({ state: 'sending', sentByteCount: 400 })
    const stored = advance(sent, { kind: 'answered', answer: answerWith(7) })
    expect(stored).toMatchObject({ state: 'processing', sentByteCount: 1000 })
    expect(stageInWords(stored)).toBe('Queued')
    const active = advance(stored, report([7, 'active']))
    expect(stageInWords(active)).toBe('Converting')
    expect(advance(active, report([7, 'completed'])).state).toBe('ready')
  })
  test('progress never goes back and never beyond the size', () => {
    const item = after(
      started,
      { kind: 'progressed', sentByteCount: 1200 },
      { kind: 'progressed', sentByteCount: 3 },
    )
    expect(item.sentByteCount).toBe(1000)
  })
  test('events that do not fit the state change nothing', () => {
    const waiting = newItem(1, 'a.dcm', 10)
    expect(advance(waiting, { kind: 'progressed', sentByteCount: 5 })).toBe(waiting)
    expect(advance(waiting, report([7, 'completed']))).toBe(waiting)
    const ready = after(started, { kind: 'answered', answer: answerWith(7) }, report([7, 'completed']))
    expect(advance(ready, started)).toBe(ready)
    expect(advance(ready, { kind: 'refused', reason: 'late' })).toBe(ready)
  })
})

describe('ends that are not good', () => {
  test('the reason of a rejection is the one of the job', () => {
    const item = after(
      started,
      { kind: 'answered', answer: answerWith(7) },
      report([7, 'rejected', 'No pixels.']),
    )
    expect(item).toMatchObject({ state: 'rejected', reason: 'No pixels.' })
  })
  test('an answer without images is a refusal with its reason', () => {
    const rejected = [{ name: 'a.txt', code: 'not_an_image', detail: 'Not an image.' }]
    const item = after(started, { kind: 'answered', answer: { images: [], rejected } })
    expect(item).toMatchObject({ state: 'refused', reason: 'Not an image.' })
  })
  test('a broken line puts the file back and counts', () => {
    const item = after(started, { kind: 'postponed', isBreak: true })
    expect(item).toMatchObject({ state: 'waiting', breaks: 1, sentByteCount: 0 })
    expect(stageInWords(item)).toBe('Waiting to try again')
  })
  test('an ended session puts the file back without counting', () => {
    expect(after(started, { kind: 'postponed', isBreak: false })).toMatchObject({
      state: 'waiting',
      breaks: 0,
    })
  })
})

describe('trying again', () => {
  test('a file that the server never had is sent again', () => {
    const item = after(started, { kind: 'gaveUp', reason: 'broken' }, { kind: 'retried' })
    expect(item).toMatchObject({ state: 'waiting', reason: null, breaks: 0 })
  })
  test('a failed conversion goes back to the queue without sending', () => {
    const failed = after(started, { kind: 'answered', answer: answerWith(7) }, report([7, 'failed', 'crash']))
    const again = advance(failed, { kind: 'retried' })
    expect(again).toMatchObject({ state: 'processing', reason: null })
    expect(advance(again, report([7, 'completed'])).state).toBe('ready')
  })
  test('what is ready or under way is not tried again', () => {
    const ready = after(started, { kind: 'answered', answer: answerWith(7) }, report([7, 'completed']))
    expect(advance(ready, { kind: 'retried' })).toBe(ready)
  })
})

describe('a ZIP of several images', () => {
  test('it is ready when all are, and counts meanwhile', () => {
    const half = after(
      started,
      { kind: 'answered', answer: answerWith(1, 2) },
      report([1, 'completed'], [2, 'active']),
    )
    expect(half.state).toBe('processing')
    expect(stageInWords(half)).toBe('Converting 1 of 2')
    expect(advance(half, report([2, 'completed'])).state).toBe('ready')
  })
  test('one bad image makes the end bad', () => {
    const item = after(
      started,
      { kind: 'answered', answer: answerWith(1, 2) },
      report([1, 'completed'], [2, 'rejected', 'cut off']),
    )
    expect(item).toMatchObject({ state: 'rejected', reason: 'cut off' })
  })
  test('refused files inside are said beside the good end', () => {
    const answer = { ...answerWith(1), rejected: [{ name: 'b', code: 'x', detail: 'Not an image.' }] }
    const item = after(started, { kind: 'answered', answer }, report([1, 'completed']))
    expect(stageInWords(item)).toBe('1 file inside refused: Not an image.')
  })
})

test('a duplicate that is ready is done at once and says so', () => {
  const answer = answerWith(7)
  const [image] = answer.images
  const item = after(started, {
    kind: 'answered',
    answer: { images: image ? [{ ...image, status: 'ready', duplicate: true }] : [], rejected: [] },
  })
  expect(item.state).toBe('ready')
  expect(stageInWords(item)).toBe('Already there')
})

describe('a resumable file', () => {
  const large = newItem(1, 'large.dcm', 1000, true)
  const sent = [started, { kind: 'progressed', sentByteCount: 600 }] satisfies UploadEvent[]

  test('keeps what was sent through a break, a pause and a failure; a small one does not', () => {
    const ends: UploadEvent[] = [
      { kind: 'postponed', isBreak: true },
      { kind: 'paused' },
      { kind: 'gaveUp', reason: 'Our fault.' },
    ]
    for (const end of ends) {
      expect([...sent, end].reduce(advance, large).sentByteCount).toBe(600)
      expect(after(...sent, end).sentByteCount).toBe(0)
    }
  })
  test('is paused and goes on from where it was', () => {
    const paused = [...sent, { kind: 'paused' } as const].reduce(advance, large)
    expect(stageInWords(paused)).toBe('Paused')
    // What the line says of it afterwards is no news.
    expect(advance(paused, { kind: 'progressed', sentByteCount: 900 })).toBe(paused)
    expect(advance(paused, { kind: 'continued' })).toMatchObject({ state: 'waiting', sentByteCount: 600 })
  })
  test('begins anew when the server has forgotten it', () => {
    expect([...sent, { kind: 'forgotten' } as const].reduce(advance, large).sentByteCount).toBe(0)
  })
  test('of an earlier page waits for its file, and another file changes nothing but the words', () => {
    const begun = interruptedItem(7, { name: 'b.dcm', byteCount: 900, offset: 300 } as UnfinishedUpload)
    expect(begun).toMatchObject({ state: 'interrupted', sentByteCount: 300, isResumable: true })
    expect(advance(begun, started)).toBe(begun)
    const other = advance(begun, { kind: 'mismatched', reason: 'Another file.' })
    expect(other).toMatchObject({ state: 'interrupted', reason: 'Another file.' })
    expect(advance(other, { kind: 'continued' })).toMatchObject({ state: 'waiting', reason: null })
  })
})
