/** One pane: what hangs in it, which frame it shows, how it stands and how it is windowed. */
import type { Frame } from '@/viewer/engine/frame'
import type { FrameStore } from '@/viewer/engine/frames'
import type { StagePane } from '@/viewer/engine/stage'
import type { HungPane } from '@/viewer/hanging'
import type { PaneState } from '@/viewer/state'
import type { Camera, GreyScale, Rect, Size, Tone } from '@/viewer/types'
import { defaultTone, windowOf } from '@/viewer/voi/table'

export class Pane {
  hung: HungPane
  rect: Rect
  camera: Camera
  tone: Tone
  /** As it was hung: neither moved nor zoomed by its reader. */
  isFitted = true
  frame: Frame | null = null
  private before: Frame | null = null
  private leave: (() => void) | null = null
  private readonly store: FrameStore
  private readonly changed: () => void

  constructor(hung: HungPane, rect: Rect, camera: Camera, store: FrameStore, changed: () => void) {
    this.hung = hung
    this.rect = rect
    this.camera = camera
    this.store = store
    this.changed = changed
    this.tone = defaultTone(this.greyScale)
  }

  get greyScale(): GreyScale | null {
    return this.hung.image?.greyScale ?? this.frame?.greyScale ?? null
  }

  get size(): Size {
    return this.rect
  }

  get frameCount(): number {
    return Math.max(1, this.hung.image?.numberOfFrames ?? 1)
  }

  get frameNumber(): number {
    return this.frame?.number ?? 1
  }

  /** Shows frame `number`, from 1; the one before stays until the new one is there. */
  show(number: number, priority: number): void {
    const { image, missing } = this.hung
    if (image === null || missing !== null) return
    if (image.links.frames === null && image.links.png === null) return
    const next = this.store.frame(image, number)
    if (next === this.frame) return
    next.priority = priority
    if (this.frame?.samples) this.before = this.frame
    const before = this.leave
    this.frame = next
    this.leave = next.subscribe(this.changed)
    before?.()
    this.changed()
  }

  dispose(): void {
    this.leave?.()
    this.leave = null
    this.frame = null
    this.before = null
  }

  /** With the frame that was shown before for as long as the next one has nothing. */
  forStage(isSmooth: boolean): StagePane {
    return {
      rect: this.rect,
      frame: this.frame?.samples ? this.frame : (this.before ?? this.frame),
      greyScale: this.greyScale,
      camera: this.camera,
      tone: this.tone,
      isSmooth,
    }
  }

  snapshot(): PaneState {
    const { hung, frame } = this
    return {
      ...hung,
      rect: this.rect,
      camera: this.camera,
      tone: this.tone,
      window: hung.image === null ? null : windowOf(this.greyScale, this.tone),
      frameNumber: this.frameNumber,
      frameCount: this.frameCount,
      frameState: frame?.state ?? 'waiting',
      received: frame?.received ?? 0,
      total: frame?.total ?? null,
      problem: frame?.problem ?? null,
      isTurned: !sameOrientation(this.camera, hung),
    }
  }
}

function sameOrientation({ orientation }: Camera, hung: HungPane): boolean {
  return (
    orientation.rotation === hung.orientation.rotation &&
    orientation.isMirrored === hung.orientation.isMirrored
  )
}
