import { dayIn, formatDay, formatTimeIn } from '@/shared/format/zoned'
import type { Range } from './types'

/** One line of a chart; null where the truth is unknown. */
export interface Series {
  key: string
  label: string
  /** The token of its colour, the same in the whole product. */
  token: string
  values: (number | null)[]
}

/** Days along the bottom, lines above them: what a chart draws and its table lists. */
export interface DayChart {
  unit: string
  days: string[]
  series: Series[]
  /** The last day has not ended. */
  isPartial: boolean
}

interface Day {
  day: string
  partial: boolean
}

interface Line<P> {
  key: string
  label: string
  token: string
  of: (point: P) => number | null | undefined
}

interface Known {
  from: string | null
  tz: string
}

export function unknownBefore<P extends Day>(
  points: readonly P[],
  known: Known,
  of: (point: P) => number | null | undefined,
): (number | null)[] {
  const firstDay = known.from === null ? '' : dayIn(new Date(known.from), known.tz)
  return points.map((point) => (point.day < firstDay ? null : (of(point) ?? null)))
}

/**
 * Days that ended before anything was recorded are unknown, whatever the sum says. `knownFrom` null: nothing has been
 * recorded yet, and nothing happened.
 */
export function dayChart<P extends Day>(
  unit: string,
  points: readonly P[],
  known: Known,
  lines: readonly Line<P>[],
): DayChart {
  return {
    unit,
    days: points.map(({ day }) => day),
    series: lines.map(({ of, ...line }) => ({
      ...line,
      values: unknownBefore(points, known, of),
    })),
    isPartial: points.at(-1)?.partial ?? false,
  }
}

/** A line that nobody would see: a point without neighbours. It is drawn as a dot. */
export function isAlone(values: readonly (number | null)[], index: number): boolean {
  const isKnown = (at: number) => values[at] !== null && values[at] !== undefined
  return isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1)
}

/** All that is known is that nothing happened. */
export function isAllZero(chart: DayChart): boolean {
  return !isAllUnknown(chart) && chart.series.every(({ values }) => values.every((value) => !value))
}

export function isAllUnknown(chart: DayChart): boolean {
  return chart.series.every(({ values }) => values.every((value) => value === null))
}

/** Sums what is known; null when nothing is. */
export function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
}

/** "25 Oct to 23 Nov 2026 (30 days)" */
export function rangeInWords({ from, to, days }: Range): string {
  if (from === to) return formatDay(from)
  const isSameYear = from.slice(0, 4) === to.slice(0, 4)
  const start = isSameYear ? formatDay(from).replace(/ \d{4}$/, '') : formatDay(from)
  return `${start} to ${formatDay(to)} (${days} days)`
}

export function partialInWords(range: Range): string {
  return `The last day is partial: counted until ${formatTimeIn(range.asOf, range.tz)}, drawn with dashes.`
}
