import { ApiProblem, NoConnection } from '@/shared/api/client'

/** Where a rendition stands that is made when somebody first asks for it. */
export type Rendition =
  | { at: 'asking' }
  | { at: 'making' }
  | { at: 'ready' }
  /** It will not come by waiting: the problem says why. */
  | { at: 'refused'; problem: unknown }

interface Follow {
  /** Ends once the rendition is there; throws what the server said otherwise. */
  ask: (signal: AbortSignal) => Promise<void>
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  tell: (rendition: Rendition) => void
  signal: AbortSignal
}

const LONGEST_PAUSE_MILLISECONDS = 5000
const AWAY_MILLISECONDS = 2500
const SLOWER = 1.3

/** Asks until it is there or refused; slower as time goes by. Says nothing any more once `signal` is aborted. */
export async function followRendition({ ask, pause, tell, signal }: Follow): Promise<void> {
  let patience = 1
  while (!signal.aborted) {
    let wait: number
    try {
      await ask(signal)
      if (!signal.aborted) tell({ at: 'ready' })
      return
    } catch (problem) {
      if (signal.aborted) return
      if (!isBeingMade(problem) && !mayPass(problem)) {
        tell({ at: 'refused', problem })
        return
      }
      if (isBeingMade(problem)) tell({ at: 'making' })
      wait = Math.min(LONGEST_PAUSE_MILLISECONDS, pauseAfter(problem) * patience)
    }
    patience *= SLOWER
    await pause(wait, signal)
  }
}

function isBeingMade(problem: unknown): boolean {
  return problem instanceof ApiProblem && problem.status === 409 && problem.code === 'not_ready'
}

/** The line or the server is away, which the page says elsewhere. */
function mayPass(problem: unknown): boolean {
  if (problem instanceof NoConnection) return true
  return problem instanceof ApiProblem && [429, 502, 503, 504].includes(problem.status)
}

function pauseAfter(problem: unknown): number {
  const seconds = problem instanceof ApiProblem ? problem.retryAfterSeconds : null
  return seconds === null ? AWAY_MILLISECONDS : Math.max(0.25, seconds) * 1000
}

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** The job that a person may start again, when the server says that this one has failed for good. */
export function jobToRetry(problem: unknown): string | null {
  if (!(problem instanceof ApiProblem) || problem.status !== 410) return null
  return typeof problem.body.jobId === 'string' ? problem.body.jobId : null
}
