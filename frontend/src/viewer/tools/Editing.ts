/** What was drawn, taken hold of: its points or all of it, by the pointer or by keys. */
import { linearOf } from '@/viewer/camera'
import type { Camera, Point } from '@/viewer/types'
import type { Drawn } from './AnnotationStore'
import { type ShapeKind, shapeOf } from './shapes'
import { axesOf } from './statistics'

/** The point of that index, or all of it. */
export type Part = number | 'whole'

/** CSS pixels. */
const HANDLE_REACH = 9
const LINE_REACH = 6
/** A line of the hand has many points: only some have a handle, and take those between along. */
const MOST_HANDLES = 16
const OUTLINE_STEPS = 72
const LEAST_AXIS_PIXELS = 1

/** Which points can be taken hold of. */
export function handlesOf(kind: ShapeKind, points: readonly Point[]): readonly number[] {
  if (kind === 'text') return []
  const stride = strideOf(kind, points)
  return points.map((_, index) => index).filter((index) => index % stride === 0)
}

function strideOf(kind: ShapeKind, points: readonly Point[]): number {
  return kind === 'freehand' ? Math.ceil(points.length / MOST_HANDLES) : 1
}

/** What of a shape lies under a point, all in pane coordinates; handles go before lines. `reach`: 1 of a mouse. */
export function partUnder(
  kind: ShapeKind,
  shown: readonly Point[],
  at: Point,
  reach: number = 1,
): Part | null {
  const [nearest] = handlesOf(kind, shown)
    .map((index) => ({ index, far: apart(shown[index] as Point, at) }))
    .toSorted((one, other) => one.far - other.far)
  if (nearest && nearest.far <= HANDLE_REACH * reach) return nearest.index
  const line = outlineOf(kind, shown)
  const isNear = line.some(
    (one, index) => index > 0 && away(at, line[index - 1] as Point, one) <= LINE_REACH * reach,
  )
  const isPoint = shown.length === 1 && apart(shown[0] as Point, at) <= HANDLE_REACH * reach
  return isNear || isPoint ? 'whole' : null
}

/** As it is drawn: its points joined. */
function outlineOf(kind: ShapeKind, shown: readonly Point[]): readonly Point[] {
  if (kind === 'freehand') return [...shown, ...shown.slice(0, 1)]
  const axes = kind === 'ellipse' ? axesOf(shown) : null
  if (!axes) return shown
  const { centre, major, minor } = axes
  return Array.from({ length: OUTLINE_STEPS + 1 }, (_, step) => {
    const [cosine, sine] = [
      Math.cos((2 * Math.PI * step) / OUTLINE_STEPS),
      Math.sin((2 * Math.PI * step) / OUTLINE_STEPS),
    ]
    return {
      x: centre.x + cosine * major.x + sine * minor.x,
      y: centre.y + cosine * major.y + sine * minor.y,
    }
  })
}

function apart(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}

/** From a point to a stretch of a line. */
function away(at: Point, one: Point, other: Point): number {
  const [x, y] = [other.x - one.x, other.y - one.y]
  const square = x * x + y * y
  const share = square === 0 ? 0 : ((at.x - one.x) * x + (at.y - one.y) * y) / square
  const held = Math.min(Math.max(share, 0), 1)
  return Math.hypot(at.x - one.x - held * x, at.y - one.y - held * y)
}

/** The points after a part was moved by so much, in image pixels. Ellipses stay ellipses about their axes. */
export function reshaped(kind: ShapeKind, points: readonly Point[], part: Part, by: Point): readonly Point[] {
  const shifted = (point: Point, share: number) => ({ x: point.x + share * by.x, y: point.y + share * by.y })
  if (part === 'whole') return points.map((point) => shifted(point, 1))
  if (kind === 'ellipse') return stretched(points, part, by)
  if (kind !== 'freehand') return points.map((point, index) => (index === part ? shifted(point, 1) : point))
  const stride = strideOf(kind, points)
  return points.map((point, index) => {
    const steps = Math.abs(index - part)
    const around = Math.min(steps, points.length - steps)
    return around < stride ? shifted(point, 1 - around / stride) : point
  })
}

/** One end of an axis moves along it, its other end stays, and the other axis crosses in the new middle. */
function stretched(points: readonly Point[], part: number, by: Point): readonly Point[] {
  const end = points[part]
  const other = points[part ^ 1]
  if (!end || !other) return points
  const length = apart(end, other)
  if (length === 0) return points
  const along = { x: (end.x - other.x) / length, y: (end.y - other.y) / length }
  const longer = Math.max(length + by.x * along.x + by.y * along.y, LEAST_AXIS_PIXELS) - length
  return points.map((point, index) => {
    const share = index === part ? longer : index === (part ^ 1) ? 0 : longer / 2
    return { x: point.x + share * along.x, y: point.y + share * along.y }
  })
}

/** The major axis stands first (PS3.3 C.18.6.1.2): where the other one has become longer they change places. */
export function inOrder(kind: ShapeKind, points: readonly Point[]): readonly Point[] {
  const [a, b, c, d] = points
  if (kind !== 'ellipse' || !a || !b || !c || !d || apart(a, b) >= apart(c, d)) return points
  return [c, d, a, b]
}

/** So many image pixels in a direction of the screen, along a row or a column. */
export function stepInImage(camera: Camera, direction: Point, pixels: number): Point {
  const { a, b, c, d } = linearOf(camera)
  const determinant = a * d - b * c
  return {
    x: pixels * Math.sign((d * direction.x - b * direction.y) / determinant),
    y: pixels * Math.sign((a * direction.y - c * direction.x) / determinant),
  }
}

export interface Edited {
  readonly one: Drawn
  readonly part: Part
  /** As they would stand if it were let go now. */
  readonly points: readonly Point[]
}

export class Editing {
  current: Edited | null = null
  /** The one under the pointer. */
  hovered: string | null = null
  /** Held by keys: the focus that leaves ends it, which means nothing to the pointer. */
  isByKeys = false
  private from: Point = { x: 0, y: 0 }
  private by: Point = { x: 0, y: 0 }
  private readonly changed: () => void
  private readonly finished: (one: Drawn, points: readonly Point[]) => void

  constructor(changed: () => void, finished: (one: Drawn, points: readonly Point[]) => void) {
    this.changed = changed
    this.finished = finished
  }

  hover(id: string | null): void {
    if (id === this.hovered) return
    this.hovered = id
    this.changed()
  }

  /** Taken hold of by the pointer, at a point of the image. */
  begin(one: Drawn, part: Part, at: Point): void {
    this.from = at
    this.isByKeys = false
    this.by = { x: 0, y: 0 }
    this.current = { one, part, points: one.points }
    this.changed()
  }

  move(at: Point): void {
    this.shift({ x: at.x - this.from.x, y: at.y - this.from.y })
  }

  /** Moved on by keys; what is held down is one act. */
  nudge(one: Drawn, part: Part, by: Point): void {
    if (this.current?.one.id !== one.id || this.current.part !== part) {
      this.end()
      this.begin(one, part, { x: 0, y: 0 })
      this.isByKeys = true
    }
    this.shift({ x: this.by.x + by.x, y: this.by.y + by.y })
  }

  /** Let go. The part as it is counted from now on; null: nothing was held. */
  end(): Part | null {
    const { current } = this
    if (!current) return null
    const { one, part, points } = current
    this.current = null
    const isMoved = this.by.x !== 0 || this.by.y !== 0
    const ordered = inOrder(one.kind, points)
    // Points that have met are no shape: it stays as it was.
    const isShape = one.kind === 'ellipse' || shapeOf(one.kind, points) !== null
    if (isMoved && isShape) this.finished(one, ordered)
    this.changed()
    return isMoved && isShape && ordered !== points && part !== 'whole' ? part ^ 2 : part
  }

  /** As it was before it was taken hold of. */
  cancel(): void {
    if (!this.current) return
    this.current = null
    this.changed()
  }

  private shift(by: Point): void {
    if (!this.current) return
    const { one, part } = this.current
    this.by = by
    this.current = { one, part, points: reshaped(one.kind, one.points, part, by) }
    this.changed()
  }
}
