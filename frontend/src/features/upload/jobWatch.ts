import { connection } from '@/shared/api/connection'
import { fetchJobs, isOver, JOBS_PER_REQUEST } from '@/shared/api/jobs'
import { onLive, useLive } from '@/shared/api/live'
import { useSessionState } from '@/shared/api/session'
import type { Job, LiveJob } from '@/shared/api/types'
import type { JobNews } from './uploadItem'

const SOONEST_MILLISECONDS = 800
const LATEST_MILLISECONDS = 5000
/** The event stream tells what happens; this finds what it has missed. */
const BESIDE_STREAM_MILLISECONDS = 15_000
/** What comes together is told together: a thousand events are a few redraws. */
const GATHER_MILLISECONDS = 200
/** A small file may be ready before the answer to its upload is read. */
const MOST_HEARD = 2000

/**
 * The states of unfinished jobs: from the event stream while there is one, else by asking, oldest first, in turns of a
 * hundred; slower while nothing changes.
 */
export class JobWatch {
  private readonly waiting = new Set<string>()
  private readonly states = new Map<string, string>()
  private readonly gathered = new Map<string, JobNews>()
  private readonly unexplained = new Set<string>()
  private readonly heard = new Map<string, LiveJob>()
  private timer: ReturnType<typeof setTimeout> | null = null
  private gatherTimer: ReturnType<typeof setTimeout> | null = null
  private pauseMilliseconds = SOONEST_MILLISECONDS

  constructor(private readonly receive: (jobs: ReadonlyMap<string, JobNews>) => void) {
    onLive('job', (event) => this.hear(event))
    // After a gap everything is asked once.
    onLive('snapshot', () => this.askSoon())
  }

  add(jobId: string): void {
    this.waiting.add(jobId)
    const before = this.heard.get(jobId)
    if (before) this.hear(before)
    this.pauseMilliseconds = useLive.getState().isLive ? BESIDE_STREAM_MILLISECONDS : SOONEST_MILLISECONDS
    this.schedule()
  }

  clear(): void {
    this.waiting.clear()
    this.states.clear()
    this.gathered.clear()
    this.unexplained.clear()
    this.heard.clear()
  }

  private hear(event: LiveJob): void {
    const { id, state, progress, imageId } = event
    if (!this.waiting.has(id)) {
      this.remember(event)
      return
    }
    // The stream tells no reasons: those are asked for.
    if (isOver(state) && state !== 'completed') this.unexplained.add(id)
    else this.gathered.set(id, { id, state, progress, imageId, error: null })
    if (state === 'completed') this.forget(id)
    this.gatherTimer ??= setTimeout(() => {
      this.gatherTimer = null
      const news = new Map(this.gathered)
      this.gathered.clear()
      if (news.size > 0) this.receive(news)
      if (this.unexplained.size > 0) this.askSoon()
    }, GATHER_MILLISECONDS)
  }

  private remember(event: LiveJob): void {
    this.heard.set(event.id, event)
    const oldest = this.heard.keys().next()
    if (this.heard.size > MOST_HEARD && !oldest.done) this.heard.delete(oldest.value)
  }

  private forget(id: string): void {
    this.waiting.delete(id)
    this.states.delete(id)
  }

  private askSoon(): void {
    this.pauseMilliseconds = 0
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.schedule()
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
      : Math.min(LATEST_MILLISECONDS, Math.max(SOONEST_MILLISECONDS, this.pauseMilliseconds * 1.5))
    if (useLive.getState().isLive && this.unexplained.size === 0) {
      this.pauseMilliseconds = BESIDE_STREAM_MILLISECONDS
    }
    this.timer = null
    this.schedule()
  }

  private async ask(): Promise<boolean> {
    const ids = [...this.unexplained, ...this.waiting].slice(0, JOBS_PER_REQUEST)
    let jobs: Job[]
    try {
      jobs = await fetchJobs([...new Set(ids)])
    } catch {
      // The line or the server is away, or the session ended: both are shown elsewhere, and we ask again.
      return false
    }
    const byId = new Map(jobs.map((job) => [job.id, job]))
    let hasNews = false
    for (const id of ids) {
      const job = byId.get(id)
      this.waiting.delete(id)
      this.unexplained.delete(id)
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
