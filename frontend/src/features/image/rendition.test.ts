import { expect, test } from 'vitest'
import { ApiProblem, NoConnection } from '@/shared/api/client'
import { followRendition, jobToRetry, type Rendition } from './rendition'

const notReady = new ApiProblem(409, { code: 'not_ready', jobId: 'j-1' }, '1')

/** Answers one after the other; `undefined` stands for "it is there". */
async function follow(answers: unknown[], abortAfter = Number.POSITIVE_INFINITY) {
  const end = new AbortController()
  const told: Rendition[] = []
  const pauses: number[] = []
  let asked = 0
  await followRendition({
    ask: async () => {
      asked += 1
      const answer = answers.shift()
      if (answer !== undefined) throw answer
    },
    pause: async (milliseconds) => {
      pauses.push(milliseconds)
      if (pauses.length >= abortAfter) end.abort()
    },
    tell: (rendition) => told.push(rendition),
    signal: end.signal,
  })
  return { told, pauses, asked }
}

test('what is there is ready at once', async () => {
  const { told, pauses } = await follow([])
  expect(told).toEqual([{ at: 'ready' }])
  expect(pauses).toEqual([])
})

test('it is asked for again as the server says, slower each time, until it is there', async () => {
  const { told, pauses } = await follow([notReady, notReady, notReady])
  expect(told.map((one) => one.at)).toEqual(['making', 'making', 'making', 'ready'])
  expect(pauses[0]).toBe(1000)
  expect(pauses[2]).toBeGreaterThan(pauses[1] ?? 0)
})

test('no pause is longer than five seconds', async () => {
  const { pauses } = await follow(Array.from({ length: 30 }, () => notReady))
  expect(Math.max(...pauses)).toBe(5000)
})

test('one that failed ends the waiting, with its reason and the job to retry', async () => {
  const gone = new ApiProblem(410, { code: 'decoder_error', detail: 'Damaged.', jobId: 'j-7' }, null)
  const { told, asked } = await follow([notReady, gone, notReady])
  expect(told.at(-1)).toEqual({ at: 'refused', problem: gone })
  expect(asked).toBe(2)
  expect(jobToRetry(gone)).toBe('j-7')
  expect(jobToRetry(notReady)).toBeNull()
})

test('a lost line and a busy server are waited for; a conflict of another kind is not', async () => {
  const busy = new ApiProblem(503, { code: 'unavailable' }, '2')
  expect((await follow([new NoConnection(), busy])).told).toEqual([{ at: 'ready' }])
  const conflict = new ApiProblem(409, { code: 'conflict' }, null)
  expect((await follow([conflict])).told).toEqual([{ at: 'refused', problem: conflict }])
})

test('who has chosen another picture hears no more of this one', async () => {
  const { told, asked } = await follow([notReady, notReady, undefined], 1)
  expect(told).toEqual([{ at: 'making' }])
  expect(asked).toBe(1)
})
