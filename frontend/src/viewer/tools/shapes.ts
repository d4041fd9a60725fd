/** What is drawn on an image, and what it measures: the same arithmetic as the server's, for the moment of drawing. Pure. */
import type { Point, ViewingSpacing } from '@/viewer/types'

/** As the server keeps them; points are in image coordinates (PS3.3 C.18.6.1). */
export type ShapeKind = 'length' | 'ellipse' | 'angle' | 'arrow' | 'text' | 'freehand'

export const SHAPE_KINDS: readonly ShapeKind[] = ['length', 'ellipse', 'angle', 'arrow', 'text', 'freehand']

/** How many points a person places; null: as many as the hand draws. */
export const PLACED: Readonly<Record<ShapeKind, number | null>> = {
  length: 2,
  ellipse: 2,
  angle: 3,
  arrow: 2,
  text: 1,
  freehand: null,
}

const LEAST_POLYGON = 3
/** Closer together, in image pixels, two points are one: a press without a drag. */
const LEAST_PIXELS = 1

/** The shape that these points make; null as long as it is none. */
export function shapeOf(kind: ShapeKind, placed: readonly Point[]): readonly Point[] | null {
  const wanted = PLACED[kind]
  if (wanted === null) return placed.length >= LEAST_POLYGON ? placed : null
  if (placed.length < wanted) return null
  const points = placed.slice(0, wanted)
  if (points.some((point, index) => index > 0 && apart(point, points[index - 1] as Point) < LEAST_PIXELS)) {
    return null
  }
  return kind === 'ellipse' ? ellipseWithin(points[0] as Point, points[1] as Point) : points
}

/** The ellipse that fills the box between two corners: ends of its major, then of its minor axis. */
function ellipseWithin(one: Point, other: Point): readonly Point[] | null {
  const middle = { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 }
  if (Math.abs(one.x - other.x) < LEAST_PIXELS || Math.abs(one.y - other.y) < LEAST_PIXELS) return null
  const across = [
    { x: Math.min(one.x, other.x), y: middle.y },
    { x: Math.max(one.x, other.x), y: middle.y },
  ]
  const down = [
    { x: middle.x, y: Math.min(one.y, other.y) },
    { x: middle.x, y: Math.max(one.y, other.y) },
  ]
  const isWide = Math.abs(one.x - other.x) >= Math.abs(one.y - other.y)
  return isWide ? [...across, ...down] : [...down, ...across]
}

function apart(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}

export interface Measurement {
  readonly name: 'length' | 'area' | 'perimeter' | 'angle'
  readonly value: number
  readonly unit: 'mm' | 'mm2' | 'px' | 'px2' | 'deg'
}

/** In millimetres where the image tells its spacing, else in pixels. */
export function measure(
  kind: ShapeKind,
  points: readonly Point[],
  spacing: Pick<ViewingSpacing, 'rowMm' | 'columnMm'>,
): Measurement[] {
  const isKnown = spacing.rowMm !== null && spacing.columnMm !== null
  const x = isKnown ? (spacing.columnMm ?? 1) : 1
  const y = isKnown ? (spacing.rowMm ?? 1) : 1
  const scaled = points.map((point) => ({ x: point.x * x, y: point.y * y }))
  const length = isKnown ? 'mm' : 'px'
  const area = isKnown ? 'mm2' : 'px2'
  const [a, b, c, d] = scaled
  if (kind === 'length' && a && b) return [{ name: 'length', value: apart(a, b), unit: length }]
  if (kind === 'angle' && a && b && c) return [{ name: 'angle', value: angle(a, b, c), unit: 'deg' }]
  if (kind === 'ellipse' && a && b && c && d) {
    const cross = Math.abs((b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x))
    return [{ name: 'area', value: (Math.PI / 4) * cross, unit: area }]
  }
  if (kind === 'freehand' && scaled.length >= LEAST_POLYGON) {
    return [
      { name: 'area', value: polygonArea(scaled), unit: area },
      { name: 'perimeter', value: perimeter(scaled), unit: length },
    ]
  }
  return []
}

/** At the middle point, 0 to 180 degrees. */
function angle(a: Point, b: Point, c: Point): number {
  const [ux, uy, vx, vy] = [a.x - b.x, a.y - b.y, c.x - b.x, c.y - b.y]
  return (Math.atan2(Math.abs(ux * vy - uy * vx), ux * vx + uy * vy) * 180) / Math.PI
}

function polygonArea(points: readonly Point[]): number {
  const next = (index: number) => points[(index + 1) % points.length] as Point
  const sum = points.reduce((total, one, index) => total + one.x * next(index).y - one.y * next(index).x, 0)
  return Math.abs(sum) / 2
}

function perimeter(points: readonly Point[]): number {
  return points.reduce((sum, one, index) => sum + apart(one, points[(index + 1) % points.length] as Point), 0)
}

const UNITS = { mm: 'mm', mm2: 'mm²', px: 'px', px2: 'px²', deg: '°' } as const

/** "12.3 mm at detector", "34°", "120 px, no spacing in the file". */
export function measurementsInWords(found: readonly Measurement[], spacing: ViewingSpacing): string {
  const words = found.map(
    ({ value, unit }) => `${value.toFixed(1)}${unit === 'deg' ? '' : ' '}${UNITS[unit]}`,
  )
  const inPixels = found.some(({ unit }) => unit === 'px' || unit === 'px2')
  const inMillimetres = found.some(({ unit }) => unit === 'mm' || unit === 'mm2')
  if (inPixels) return `${words.join(' · ')}, no spacing in the file`
  return inMillimetres ? `${words.join(' · ')} ${spacing.label}` : words.join(' · ')
}
