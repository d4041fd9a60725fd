/** One frame on its way to the screen: its bytes, what is decoded of them, and what went wrong. */
import { ApiProblem, NoConnection } from '@/shared/api/client'
import type { FrameState, GreyScale, Samples, ViewingImage } from '@/viewer/types'
import { FrameBytes } from './frameBytes'

export interface FrameProblem {
  /** Stable: `session_ended`, `gone`, `no_connection`, `broken`, or the server's own code. */
  readonly code: string
  readonly message: string
}

const PROGRESS_MILLISECONDS = 150

/** What a frame may ask of its store. */
export interface FrameHolder {
  wanted(frame: Frame): void
  left(frame: Frame): void
}

export class Frame {
  readonly image: ViewingImage
  readonly number: number
  readonly source: FrameBytes
  readonly kind: 'htj2k' | 'picture'
  /** Which of those that are wanted comes first; lower is sooner. */
  priority = 0
  problem: FrameProblem | null = null
  /** The exam's, or what was asked for where an exam has too many to send them along. */
  greyScale: GreyScale | null
  private shownLevels: readonly Samples[] = []
  private readonly listeners = new Set<() => void>()
  private readonly holder: FrameHolder
  private told = 0

  constructor(image: ViewingImage, number: number, address: string, holder: FrameHolder) {
    this.image = image
    this.number = number
    this.holder = holder
    this.greyScale = image.greyScale
    this.kind = image.links.frames === null ? 'picture' : 'htj2k'
    this.source = new FrameBytes(address)
  }

  get state(): FrameState {
    const best = this.samples
    if (best) return best.level === 0 ? 'full' : 'preview'
    return this.problem ? 'failed' : 'waiting'
  }

  /** The most detailed that is there. */
  get samples(): Samples | null {
    return this.shownLevels[0] ?? null
  }

  /** Every size that is there, the largest first. */
  get levels(): readonly Samples[] {
    return this.shownLevels
  }

  /** Bytes that have come. */
  get received(): number {
    return this.source.received
  }

  /** Bytes in all; null as long as nothing has come. */
  get total(): number | null {
    return this.source.total
  }

  get isWanted(): boolean {
    return this.listeners.size > 0
  }

  /** Whether there is nothing left to fetch ahead: all bytes, and something to show at once. */
  get isAhead(): boolean {
    return this.source.isWhole && this.samples !== null
  }

  /** Bytes of memory that the decoded samples take. */
  get decodedSize(): number {
    return this.shownLevels.reduce((sum, one) => sum + one.data.byteLength, 0)
  }

  /** Whoever listens wants to see it: it is fetched and decoded as long as anybody does. */
  subscribe(listener: () => void): () => void {
    // One for each subscription: two panes may listen with the same function, and one of them leave.
    const own = () => listener()
    this.listeners.add(own)
    if (this.listeners.size === 1) this.holder.wanted(this)
    return () => {
      if (this.listeners.delete(own) && this.listeners.size === 0) this.holder.left(this)
    }
  }

  /** Tries again what failed. */
  retry(): void {
    if (!this.problem) return
    this.problem = null
    this.changed()
    if (this.isWanted) this.holder.wanted(this)
  }

  show(levels: readonly Samples[]): void {
    this.shownLevels = levels
    this.problem = null
    this.changed()
  }

  /** Forgets the samples; the bytes stay, and give them again. */
  drop(): void {
    this.shownLevels = []
  }

  fail(problem: unknown): void {
    this.problem = problemOf(problem)
    this.changed()
  }

  /** More bytes have come: told now and then, since whoever hears it may draw anew. */
  progressed(): void {
    const now = performance.now()
    if (now - this.told < PROGRESS_MILLISECONDS) return
    this.told = now
    this.changed()
  }

  changed(): void {
    for (const listener of this.listeners) listener()
  }
}

function problemOf(problem: unknown): FrameProblem {
  if (problem instanceof ApiProblem) {
    if (problem.status === 401) {
      return { code: 'session_ended', message: 'Your session has ended. Sign in again; your work is kept.' }
    }
    if (problem.status === 404 || problem.status === 410) {
      return { code: 'gone', message: 'This image is no longer there, or you may no longer see it.' }
    }
    return { code: problem.code, message: problem.detail }
  }
  if (problem instanceof NoConnection) {
    return { code: 'no_connection', message: 'The connection is lost. It goes on by itself when it is back.' }
  }
  return {
    code: 'broken',
    message: problem instanceof Error ? problem.message : 'The picture cannot be shown.',
  }
}
