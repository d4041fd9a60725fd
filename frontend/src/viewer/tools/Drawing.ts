/** A shape while it is drawn, by the pointer or by a crosshair that keys move. */
import type { Point } from '@/viewer/types'
import { PLACED, type ShapeKind, shapeOf } from './shapes'

export interface Draft {
  readonly paneKey: string
  readonly imageId: number
  readonly frame: number
  readonly kind: ShapeKind
  readonly placed: readonly Point[]
  /** Where the pointer or the crosshair is. */
  readonly at: Point
}

/** Points of a freehand line are this far apart at least, in image pixels. */
const STRIDE_PIXELS = 2
const MOST_POINTS = 2000

export class Drawing {
  draft: Draft | null = null
  /** Where keys have moved the crosshair, in pane coordinates; null: nobody draws by keys. */
  cross: { readonly paneKey: string; readonly at: Point } | null = null
  private readonly changed: () => void
  private readonly finished: (draft: Draft, points: readonly Point[]) => void

  constructor(changed: () => void, finished: (draft: Draft, points: readonly Point[]) => void) {
    this.changed = changed
    this.finished = finished
  }

  /** A press of the button, or of Enter: places a point; the last one ends the shape. */
  place(on: Omit<Draft, 'placed' | 'at'>, at: Point): void {
    const same = this.draft?.imageId === on.imageId && this.draft.kind === on.kind
    const placed = same && this.draft ? [...this.draft.placed, at] : [at]
    const last = same ? this.draft?.placed.at(-1) : undefined
    this.draft = { ...on, placed, at }
    if (PLACED[on.kind] !== null) this.endIfWhole(placed)
    // A line that keys draw ends where a point is placed twice.
    else if (last && Math.hypot(at.x - last.x, at.y - last.y) < STRIDE_PIXELS) this.close()
    this.changed()
  }

  move(at: Point): void {
    if (!this.draft) return
    const { kind, placed } = this.draft
    const last = placed.at(-1)
    const isLine = PLACED[kind] === null
    const isFar = last && Math.hypot(at.x - last.x, at.y - last.y) >= STRIDE_PIXELS
    const longer = isLine && isFar && placed.length < MOST_POINTS ? [...placed, at] : placed
    this.draft = { ...this.draft, placed: longer, at }
    this.changed()
  }

  /** The button is let go after a drag: that is a point as well. A press without a drag waits for the next press. */
  release(at: Point): void {
    if (!this.draft) return
    const { kind, placed } = this.draft
    const last = placed.at(-1)
    const isDrag = last !== undefined && Math.hypot(at.x - last.x, at.y - last.y) >= STRIDE_PIXELS
    if (PLACED[kind] === null) {
      if (!this.endIfWhole(placed)) this.cancel()
    } else if (isDrag) {
      this.draft = { ...this.draft, placed: [...placed, at], at }
      this.endIfWhole([...placed, at])
    }
    this.changed()
  }

  cancel(): void {
    if (!this.draft && !this.cross) return
    this.draft = null
    this.cross = null
    this.changed()
  }

  crossTo(paneKey: string, at: Point): void {
    this.cross = { paneKey, at }
    this.changed()
  }

  /** The points as they would stand if the shape ended here. */
  get preview(): readonly Point[] | null {
    if (!this.draft) return null
    const { kind, placed, at } = this.draft
    return shapeOf(kind, [...placed, at]) ?? (placed.length > 0 ? [...placed, at] : null)
  }

  private close(): void {
    if (this.draft && !this.endIfWhole(this.draft.placed)) this.cancel()
  }

  private endIfWhole(placed: readonly Point[]): boolean {
    const { draft } = this
    if (!draft) return false
    const wanted = PLACED[draft.kind]
    if (wanted !== null && placed.length < wanted) return false
    const points = shapeOf(draft.kind, placed)
    this.draft = null
    if (points) this.finished(draft, points)
    return points !== null
  }
}
