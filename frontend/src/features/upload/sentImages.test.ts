import { describe, expect, test } from 'vitest'
import type { Job, SentImage } from '@/shared/api/types'
import { readSentSearch, standingOf } from './sentImages'

function sent(
  status: SentImage['image']['status'],
  job: Partial<Job>,
  reason: string | null = null,
): SentImage {
  return {
    image: { status, reason } as SentImage['image'],
    job: { state: 'waiting', attemptsMade: 0, attempts: 3, error: null, ...job } as Job,
  }
}

test('what the URL holds and the list does not know is ignored', () => {
  expect(readSentSearch({ status: 'gone', cursor: '', direction: 'prev' })).toEqual({ status: undefined })
  expect(readSentSearch({ status: 'failed', cursor: 'c_1', direction: 'sideways' })).toEqual({
    status: 'failed',
    cursor: 'c_1',
    direction: 'next',
  })
})

describe('where an upload stands', () => {
  test('the first attempt needs no number, the second one does', () => {
    expect(standingOf(sent('processing', { state: 'active', attemptsMade: 1 })).attempt).toBeNull()
    expect(standingOf(sent('processing', { state: 'active', attemptsMade: 2 })).attempt).toBe(
      'attempt 2 of 3',
    )
  })
  test('one that waits to be tried again says why', () => {
    const standing = standingOf(sent('pending', { state: 'delayed', attemptsMade: 1, error: 'It crashed.' }))
    expect(standing.word).toBe('Waiting to be tried again')
    expect(standing.reason).toBe('It crashed.')
  })
  test('a failure names its reason, also when only the job knows it', () => {
    expect(standingOf(sent('failed', { state: 'failed', error: 'Storage is full.' })).reason).toBe(
      'Storage is full.',
    )
    expect(standingOf(sent('rejected', { state: 'rejected' }, 'Cut off.')).reason).toBe('Cut off.')
  })
  test('what an administrator took out has not failed', () => {
    const standing = standingOf(sent('failed', { state: 'cancelled', error: 'Taken out by hand.' }))
    expect(standing.word).toBe('Taken out')
    expect(standing.tone).toBe('unknown')
  })
  test('an image without a job is no error', () => {
    expect(standingOf({ ...sent('ready', {}), job: null }).word).toBe('Ready')
  })
})
