import { formatCount, megabytes } from '@/shared/format/numbers'
import type { Range, Value } from './types'

export const UNKNOWN = 'unknown'

/** What nobody knows is a dash; nothing is 0. */
export function countOrDash(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : formatCount(value)
}

export function megabytesOrDash(byteCount: number | null | undefined): string {
  return byteCount === null || byteCount === undefined ? '–' : megabytes(byteCount)
}

export interface SizeUnit {
  unit: 'MB' | 'GB' | 'TB'
  bytes: number
}

/** Megabytes, as everywhere; where they would have six digits and more, gigabytes or terabytes. */
export function sizeUnit(largestBytes: number): SizeUnit {
  if (largestBytes >= 1e12) return { unit: 'TB', bytes: 1e12 }
  if (largestBytes >= 1e11) return { unit: 'GB', bytes: 1e9 }
  return { unit: 'MB', bytes: 1e6 }
}

/** In that unit, with one decimal and thousands apart. */
export function inUnit(byteCount: number, unit: SizeUnit): string {
  return megabytes((byteCount / unit.bytes) * 1e6)
}

/** Long enough for a table of a day. */
export function countOrUnknown(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : formatCount(value)
}

export function signed(value: number, format: (value: number) => string): string {
  if (value === 0) return '±0'
  return `${value > 0 ? '+' : '−'}${format(Math.abs(value))}`
}

export interface Change {
  tone: 'more' | 'less' | 'same' | 'unknown'
  /** "+12 (+8.5 %)"; empty when it is unknown. */
  figure: string
  words: string
}

interface ChangeOptions {
  range: Range
  /** How the number counts: within the days, or what there is at their end. */
  kind: 'flow' | 'stock'
  unit?: string
  format?: (value: number) => string
}

/** The change against the days before, in words and sign. */
export function changeOf({ value, previous }: Value, options: ChangeOptions): Change {
  const { range, kind, unit, format = formatCount } = options
  if (value === null) return { tone: 'unknown', figure: '', words: 'not recorded in these days' }
  if (previous === null) return { tone: 'unknown', figure: '', words: 'nothing known to compare with' }
  const difference = value - previous
  const share = previous > 0 && difference !== 0 ? ` (${percent(difference / previous)})` : ''
  const figure = `${signed(difference, format)}${unit && difference !== 0 ? ` ${unit}` : ''}${share}`
  const before = beforeInWords(range, kind)
  if (difference === 0) return { tone: 'same', figure, words: `as ${kind === 'flow' ? 'in ' : ''}${before}` }
  return {
    tone: difference > 0 ? 'more' : 'less',
    figure,
    words: `${difference > 0 ? 'more' : 'less'} than ${kind === 'flow' ? 'in ' : ''}${before}`,
  }
}

function beforeInWords(range: Range, kind: 'flow' | 'stock'): string {
  const days = range.days === 1 ? 'day' : `${formatCount(range.days)} days`
  if (kind === 'stock') return range.days === 1 ? 'a day earlier' : `${days} earlier`
  return `the ${days} before${range.partial ? ', up to the same time of day' : ''}`
}

function percent(share: number): string {
  const value = share * 100
  const size = Math.abs(value)
  const text = size >= 100 ? formatCount(size) : size.toFixed(1)
  return `${value < 0 ? '−' : '+'}${text} %`
}

/** "1.4 s", "2.0 min"; unknown is a dash. */
export function secondsInWords(seconds: number | null): string {
  if (seconds === null) return '–'
  if (seconds < 100) return `${seconds.toFixed(1)} s`
  if (seconds < 6000) return `${(seconds / 60).toFixed(1)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}

const TYPES: Record<string, string> = {
  login: 'Signed in',
  upload: 'Uploaded',
  view: 'Viewed',
  download: 'Downloaded',
  delete: 'Deleted',
}

/** A custom event is at least readable. */
export function typeInWords(type: string): string {
  const known = TYPES[type]
  if (known) return known
  const words = type.replaceAll(/[._-]+/g, ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

export const KNOWN_TYPES = Object.keys(TYPES)

const FILE_TYPES: Record<string, string> = { dicom: 'DICOM', png: 'PNG', jpeg: 'JPEG', tiff: 'TIFF' }

export function fileTypeName(fileType: string): string {
  return FILE_TYPES[fileType] ?? fileType
}
