import { fetchJobs, isOver, JOBS_PER_REQUEST } from '@/shared/api/jobs'
import { connection } from '@/shared/api/connection'
import { useSessionState } from '@/shared/api/session'
import type { Job } from '@/shared/api/types'

const SOONEST_MILLISECONDS = 800
const LATEST_MILLISECONDS = 5000

/** Asks for the states of unfinished jobs, oldest first, in turns of a hundred; slower while nothing changes. */
export class JobWatch {
  private readonly waiting = new Set<string>()
  private readonly states = new Map<string, string>()
  private timer: ReturnType<typeof setTimeout> | null = null
  private pauseMilliseconds = SOONEST_MILLISECONDS

  constructor(private readonly receive: (jobs: ReadonlyMap<string, Job>) => void) {}

  add(jobId: string): void {
    this.waiting.add(jobId)
    this.pauseMilliseconds = SOONEST_MILLISECONDS
    this.schedule()
  }

  clear(): void {
    this.waiting.clear()
    this.states.clear()
  }

  private schedule(): void {
    if (this.timer !== null || this.waiting.size === 0) return
    this.timer = setTimeout(() => {
      void this.turn()
    }, this.pauseMilliseconds)
  }

  private async turn(): Promise<void> {
    const isAway = connection.isLost() || useSessionState.getState().hasEnded
    const hasNews = isAway ? false : await this.ask()
    this.pauseMilliseconds = hasNews
      ? SOONEST_MILLISECONDS
      : Math.min(LATEST_MILLISECONDS, this.pauseMilliseconds * 1.5)
    this.timer = null
    this.schedule()
  }

  private async ask(): Promise<boolean> {
    const ids = [...this.waiting].slice(0, JOBS_PER_REQUEST)
    let jobs: Job[]
    try {
      jobs = await fetchJobs(ids)
    } catch {
      // The line or the server is away, or the session ended: both are shown elsewhere, and we ask again.
      return false
    }
    const byId = new Map(jobs.map((job) => [job.id, job]))
    let hasNews = false
    for (const id of ids) {
      const job = byId.get(id)
      this.waiting.delete(id)
      // A job that is gone (its image was deleted) is not asked for again.
      if (!job) continue
      hasNews ||= this.states.get(id) !== job.state
      if (isOver(job.state)) this.states.delete(id)
      else {
        this.states.set(id, job.state)
        // To the end of the line, so that all get their turn.
        this.waiting.add(id)
      }
    }
    if (byId.size > 0) this.receive(byId)
    return hasNews
  }
}
