import { beforeEach, expect, test } from 'vitest'
import { session, useSessionState } from '@/shared/api/session'

beforeEach(() => useSessionState.setState({ hasEnded: false, epoch: 0 }))

test('a refused request ends the session in which it began', () => {
  session.ended(session.epoch())
  expect(useSessionState.getState().hasEnded).toBe(true)
})

test('a late refusal of an upload does not end the session that came after', () => {
  const before = session.epoch()
  session.began()
  session.ended(before)
  expect(useSessionState.getState().hasEnded).toBe(false)
})
