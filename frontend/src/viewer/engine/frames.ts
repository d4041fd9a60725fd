/** All frames of the page: fetched in order of need, decoded by a few workers, and kept as long as there is room. */
import { request } from '@/shared/api/client'
import { noteView } from '@/shared/api/images'
import { useConnection } from '@/shared/api/connection'
import { useSessionState } from '@/shared/api/session'
import type { GreyScale, Samples, ViewingImage } from '@/viewer/types'
import { BrokenFrame } from './decode'
import { Decoders } from './decoders'
import { Frame, type FrameHolder } from './frame'
import { Turns } from './turns'

const MEBIBYTE = 1024 * 1024
/** Two exams of four large views with all their sizes, and a few more as they came. */
const MEMORY_BYTES = 512 * MEBIBYTE
const WORKERS = 2
/** Few at once: the first picture is there sooner than if all came a little. */
const REQUESTS = 2
/** The first stage: this share of what a mammogram usually has. It holds a quarter of its rows and columns. */
const PREVIEW_SHARE = 1 / 12
const USUAL_COMPRESSION = 0.3
const LEAST_PREVIEW_BYTES = 64 * 1024
/** How far the resolution is halved in a preview, by the least share of the bytes that holds it. */
const PREVIEW_LEVELS = [
  [1 / 14, 2],
  [1 / 40, 3],
  [0, 4],
] as const
/** After so long the same image counts as looked at again; the server holds views together by itself. */
const NOTED_MILLISECONDS = 60_000
/** What a slow graphics card may take for the first drawing of four panes. */
const DRAWING_MILLISECONDS = 120
/** Ranks: pictures for who waits, their details, and what may be wanted later. */
const DETAILS_RANK = 1_000
const PREFETCH_RANK = 1_000_000

export interface FrameStoreOptions {
  readonly memoryBytes?: number
  readonly workers?: number
}

export class FrameStore implements FrameHolder {
  private readonly frames = new Map<string, Frame>()
  private readonly running = new Map<Frame, AbortController>()
  private readonly ahead = new Set<Frame>()
  private readonly noted = new Map<number, number>()
  private readonly decoders: Decoders
  private readonly turns = new Turns(REQUESTS)
  private readonly memoryBytes: number
  private readonly leave: (() => void)[]

  constructor({ memoryBytes = MEMORY_BYTES, workers = WORKERS }: FrameStoreOptions = {}) {
    this.memoryBytes = memoryBytes
    this.decoders = new Decoders(workers)
    this.leave = [
      useConnection.subscribe((now, before) => now.returns !== before.returns && this.goOn('no_connection')),
      useSessionState.subscribe((now, before) => now.epoch !== before.epoch && this.goOn('session_ended')),
    ]
  }

  /** Frame `number`, from 1. It begins to come when somebody subscribes to it. */
  frame(image: ViewingImage, number: number): Frame {
    const address = addressOf(image, number)
    const known = this.frames.get(address)
    // The most recently used stand last.
    if (known) this.frames.delete(address)
    const frame = known ?? new Frame(image, number, address, this)
    this.frames.set(address, frame)
    return frame
  }

  /** Fetches the first frames ahead, and decodes them coarsely; whoever is waiting goes first. */
  prefetch(images: readonly ViewingImage[]): void {
    for (const image of images) {
      if (image.status !== 'ready' || (image.links.frames === null && image.links.png === null)) continue
      const frame = this.frame(image, 1)
      if (frame.isWanted || this.running.has(frame) || frame.isAhead) continue
      this.ahead.add(frame)
      this.run(frame)
    }
  }

  /** Stops what was to be fetched ahead, and is no longer likely. */
  forgetAhead(): void {
    for (const frame of this.ahead) if (!frame.isWanted) this.running.get(frame)?.abort()
    this.ahead.clear()
  }

  /** Lets go of images that are no longer there. */
  forget(imageIds: ReadonlySet<number>): void {
    for (const [address, frame] of this.frames) {
      if (!imageIds.has(frame.image.id)) continue
      this.running.get(frame)?.abort()
      this.frames.delete(address)
    }
  }

  dispose(): void {
    for (const leave of this.leave) leave()
    for (const abort of this.running.values()) abort.abort()
    this.decoders.dispose()
    this.frames.clear()
  }

  wanted(frame: Frame): void {
    if (frame.received > 0 || this.running.has(frame)) this.note(frame)
    if (frame.state === 'full' || frame.problem) return
    // A frame that was only fetched ahead ends before its details: it is begun again where it stands.
    if (this.ahead.delete(frame)) this.running.get(frame)?.abort()
    if (frame.state === 'preview') afterDrawing(() => frame.isWanted && this.run(frame))
    else this.run(frame)
  }

  left(frame: Frame): void {
    this.running.get(frame)?.abort()
    this.makeRoom()
  }

  private run(frame: Frame): void {
    if (this.running.get(frame)?.signal.aborted === false) return
    const abort = new AbortController()
    this.running.set(frame, abort)
    this.load(frame, abort.signal)
      .catch((problem: unknown) => {
        if (!abort.signal.aborted) frame.fail(problem)
      })
      .finally(() => {
        if (this.running.get(frame) === abort) {
          this.running.delete(frame)
          // Else it would be held here when nobody else holds it any more.
          this.ahead.delete(frame)
        }
        this.makeRoom()
      })
  }

  private async load(frame: Frame, signal: AbortSignal): Promise<void> {
    const isAhead = this.ahead.has(frame)
    const rank = (stage: number) => () => stage + frame.priority + (isAhead ? PREFETCH_RANK : 0)
    const read = (end: number | null, stage: number) =>
      this.turns.run(rank(stage), signal, () =>
        frame.source.readTo(end, { isPrefetch: isAhead, signal, progress: () => frame.progressed() }),
      )
    const decode = async (level: number, stage: number) => {
      const padding = frame.greyScale?.padding ?? null
      const task = { bytes: frame.source.bytes, kind: frame.kind, level, padding }
      frame.show(fitting(frame.image, await this.decoders.decode({ ...task, rank: rank(stage) }, signal)))
    }
    const { greyScale } = frame.image.links
    if (frame.greyScale === null && greyScale !== null && !frame.image.isColour) {
      frame.greyScale = await request<GreyScale>(greyScale, { signal })
    }
    if (frame.kind === 'htj2k' && frame.state === 'waiting' && previewBytes(frame.image) > 0) {
      await read(previewBytes(frame.image), 0)
      if (!frame.source.isWhole || isAhead) await decode(previewLevel(frame), 0)
    }
    await read(null, DETAILS_RANK)
    if (!isAhead) await decode(0, DETAILS_RANK)
  }

  /** What was fetched ahead, or is kept, is seen now: the server could not know. */
  private note(frame: Frame): void {
    const now = Date.now()
    if (now - (this.noted.get(frame.image.id) ?? 0) < NOTED_MILLISECONDS) return
    this.noted.set(frame.image.id, now)
    void noteView(frame.image.id)
  }

  private goOn(code: string): void {
    for (const frame of this.frames.values()) if (frame.problem?.code === code) frame.retry()
  }

  /** The least recently used go first: their samples, and then their bytes. What is on the screen stays. */
  private makeRoom(): void {
    let used = 0
    for (const frame of this.frames.values()) used += frame.decodedSize + frame.source.size
    const idle = [...this.frames].filter(([, frame]) => !frame.isWanted && !this.running.has(frame))
    for (const [, frame] of idle) {
      if (used <= this.memoryBytes) return
      used -= frame.decodedSize
      frame.drop()
    }
    for (const [address, frame] of idle) {
      if (used <= this.memoryBytes) return
      used -= frame.source.size
      this.frames.delete(address)
    }
  }
}

function addressOf(image: ViewingImage, number: number): string {
  const { frames, png } = image.links
  if (frames === null) return png ?? ''
  return frames.replace('{frame}', String(number))
}

/** Another size than the header's would be measured wrongly: nothing of it is shown. */
function fitting({ rows, columns }: ViewingImage, levels: readonly Samples[]): readonly Samples[] {
  const [first] = levels
  if (!first || rows === null || columns === null) return levels
  const step = 2 ** first.level
  if (first.width === Math.ceil(columns / step) && first.height === Math.ceil(rows / step)) return levels
  throw new BrokenFrame(`its size is not ${columns} × ${rows} pixels`)
}

/**
 * When what is there has been drawn: decoding takes every core, and a picture that was fetched ahead would stand behind
 * the details of itself.
 */
function afterDrawing(act: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(act, DRAWING_MILLISECONDS)))
}

/** 0 for what is too small to be worth two requests. */
function previewBytes({ rows, columns, isColour, greyScale }: ViewingImage): number {
  if (rows === null || columns === null) return 0
  const raw = rows * columns * (isColour ? 3 : (greyScale?.bits ?? 16) / 8)
  const expected = Math.round(raw * USUAL_COMPRESSION * PREVIEW_SHARE)
  return expected < LEAST_PREVIEW_BYTES ? 0 : expected
}

function previewLevel({ received, total }: Frame): number {
  const share = received / (total ?? received)
  return PREVIEW_LEVELS.find(([least]) => share >= least)?.[1] ?? 0
}
