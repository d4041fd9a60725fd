/** Grey values inside a shape: of every pixel whose centre lies inside. Pure. */
import type { GreyScale, Point, Samples } from '@/viewer/types'
import { modalityCurve } from '@/viewer/voi/table'
import type { ShapeKind } from './shapes'

/** After the file's Modality transformation; of pixels that are no padding. The deviation is that of all of them. */
export interface Statistics {
  readonly mean: number
  readonly standardDeviation: number
  readonly minimum: number
  readonly maximum: number
  readonly pixels: number
}

/** A row's pixels from `begin` up to, not including, `end`. */
type Visit = (row: number, begin: number, end: number) => void

/** Null: the shape has no inside, no pixel that counts lies in it, or the samples are not the frame's stored values. */
export function statisticsWithin(
  kind: ShapeKind,
  points: readonly Point[],
  samples: Samples,
  greyScale: GreyScale,
): Statistics | null {
  if (samples.level !== 0 || samples.components !== 1) return null
  const { data, width } = samples
  const mask = (1 << greyScale.bits) - 1
  const counts = new Uint32Array(mask + 1)
  scan(kind, points, samples, (row, begin, end) => {
    for (let index = row * width + begin; index < row * width + end; index += 1) {
      const at = (data[index] as number) & mask
      counts[at] = (counts[at] as number) + 1
    }
  })
  return statisticsOf(counts, greyScale)
}

/** Of how often each stored value occurs, by its bit pattern: few values, however large the shape is. */
function statisticsOf(counts: Uint32Array, greyScale: GreyScale): Statistics | null {
  const { least, greatest, padding } = greyScale
  const curve = modalityCurve(greyScale)
  const found: (readonly [value: number, count: number])[] = []
  for (let stored = least; stored <= greatest; stored += 1) {
    const count = counts[stored & (counts.length - 1)] as number
    const isPadding = padding !== null && stored >= padding.low && stored <= padding.high
    if (count > 0 && !isPadding) found.push([curve(stored), count])
  }
  if (found.length === 0) return null
  const pixels = found.reduce((sum, [, count]) => sum + count, 0)
  // The mean first: squares of large values would swallow a small deviation.
  const mean = found.reduce((sum, [value, count]) => sum + value * count, 0) / pixels
  const squares = found.reduce((sum, [value, count]) => sum + (value - mean) ** 2 * count, 0)
  const values = found.map(([value]) => value)
  return {
    mean,
    standardDeviation: Math.sqrt(squares / pixels),
    minimum: values.reduce((one, other) => Math.min(one, other)),
    maximum: values.reduce((one, other) => Math.max(one, other)),
    pixels,
  }
}

function scan(kind: ShapeKind, points: readonly Point[], { width, height }: Samples, visit: Visit): void {
  const crossings =
    kind === 'ellipse' ? ellipseCrossings(points) : kind === 'freehand' ? polygonCrossings(points) : null
  if (crossings === null) return
  const ys = kind === 'ellipse' ? ellipseRows(points) : points.map(({ y }) => y)
  const first = Math.max(0, Math.floor(ys.reduce((one, other) => Math.min(one, other))))
  const last = Math.min(height - 1, Math.ceil(ys.reduce((one, other) => Math.max(one, other))))
  for (let row = first; row <= last; row += 1) {
    const found = crossings(row + 0.5)
    for (let pair = 0; pair + 1 < found.length; pair += 2) {
      // The centre of pixel i is at i + ½.
      const begin = Math.max(0, Math.ceil((found[pair] as number) - 0.5))
      const end = Math.min(width, Math.ceil((found[pair + 1] as number) - 0.5))
      if (begin < end) visit(row, begin, end)
    }
  }
}

/** Where a horizontal line enters and leaves, in turns, from the left. */
type Crossings = (y: number) => readonly number[]

/** Inside is where the line has crossed the outline an odd number of times. */
function polygonCrossings(points: readonly Point[]): Crossings {
  return (y) => {
    const found: number[] = []
    for (let index = 0; index < points.length; index += 1) {
      const a = points[index] as Point
      const b = points[(index + 1) % points.length] as Point
      if (a.y > y !== b.y > y) found.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y))
    }
    return found.sort((one, other) => one - other)
  }
}

/** Centre and half axes of an ellipse that is told by the ends of its axes (PS3.3 C.18.6.1.2). */
export function axesOf([a, b, c, d]: readonly Point[]) {
  if (!a || !b || !c || !d) return null
  return {
    centre: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
    major: { x: (b.x - a.x) / 2, y: (b.y - a.y) / 2 },
    minor: { x: (d.x - c.x) / 2, y: (d.y - c.y) / 2 },
  }
}

function ellipseRows(points: readonly Point[]): readonly number[] {
  const axes = axesOf(points)
  if (!axes) return [0]
  const reach = Math.hypot(axes.major.y, axes.minor.y)
  return [axes.centre.y - reach, axes.centre.y + reach]
}

/** Points are centre + s·major + t·minor with s² + t² ≤ 1; along a row that is a quadratic in x. */
function ellipseCrossings(points: readonly Point[]): Crossings | null {
  const axes = axesOf(points)
  if (!axes) return null
  const { centre, major, minor } = axes
  const area = major.x * minor.y - major.y * minor.x
  if (area === 0) return null
  const reach = major.y ** 2 + minor.y ** 2
  return (y) => {
    const down = y - centre.y
    const inside = reach - down ** 2
    if (inside < 0) return []
    const middle = centre.x + (down * (major.x * major.y + minor.x * minor.y)) / reach
    const half = (Math.abs(area) * Math.sqrt(inside)) / reach
    return [middle - half, middle + half]
  }
}

/** "mean 812.4 ± 33.1, 120 to 1900, 5321 px". */
export function statisticsInWords({ mean, standardDeviation, minimum, maximum, pixels }: Statistics): string {
  return `mean ${short(mean)} ± ${short(standardDeviation)}, ${short(minimum)} to ${short(maximum)}, ${pixels} px`
}

/** Whole numbers as such; others with as many decimals as tell something. */
export function short(value: number): string {
  if (Number.isInteger(value)) return value.toString()
  return Math.abs(value) >= 10 ? value.toFixed(1) : Number(value.toPrecision(3)).toString()
}
