import { ApiProblem } from '@/shared/api/client'
import type { UnfinishedUpload } from '@/shared/api/types'
import { fetchUnfinished } from './resumable'

const SOONEST_MILLISECONDS = 700
const LATEST_MILLISECONDS = 15_000

/**
 * What an earlier page began and did not end, each offered once. The request of a page that was closed a moment ago may
 * still be ending on the server: it is looked at again until it has. What another page is sending grows from look to
 * look, and is left to that page.
 */
export async function offerInterrupted(
  offer: (uploads: readonly UnfinishedUpload[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let pauseMilliseconds = SOONEST_MILLISECONDS
  /** How much of each had come, of those that were busy at the last look; null before the first. */
  let offsets: Map<string, number | null> | null = null
  while (!signal.aborted) {
    const found = await look(signal)
    if (found === 'refused' || signal.aborted) return
    if (found !== 'no answer') {
      // What was not there at the first look was begun by a page that is open.
      const before: Map<string, number | null> =
        offsets ?? new Map(found.map((each) => [each.id, each.offset]))
      const waiting = found.filter((each) => before.has(each.id))
      const isOver = (each: UnfinishedUpload) => !each.busy && before.get(each.id) === each.offset
      offer(waiting.filter(isOver))
      offsets = new Map(waiting.filter((each) => !isOver(each)).map((each) => [each.id, each.offset]))
      if (offsets.size === 0) return
    }
    await new Promise((wake) => setTimeout(wake, pauseMilliseconds))
    pauseMilliseconds = Math.min(1.5 * pauseMilliseconds, LATEST_MILLISECONDS)
  }
}

/** An offer is worth no word of trouble; it is made as soon as the server answers. */
async function look(signal: AbortSignal): Promise<UnfinishedUpload[] | 'refused' | 'no answer'> {
  try {
    return await fetchUnfinished(signal)
  } catch (problem) {
    const isFinal = problem instanceof ApiProblem && problem.status < 500 && problem.status !== 429
    return isFinal ? 'refused' : 'no answer'
  }
}
