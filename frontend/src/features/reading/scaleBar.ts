import type { ViewingSpacing } from '@/viewer/types'

export interface ScaleBar {
  readonly pixels: number
  /** "5 cm at detector": what the millimetres are millimetres of belongs to them. */
  readonly words: string
}

const LENGTHS_MM = [1, 2, 5, 10, 20, 50, 100] as const
const LONGEST_PIXELS = 120

/** The longest round length that is short enough on the glass; null where the file tells no spacing. */
export function scaleBar({ columnMm, label }: ViewingSpacing, scale: number): ScaleBar | null {
  if (columnMm === null || !(columnMm > 0)) return null
  const pixelsPerMm = scale / columnMm
  const length = LENGTHS_MM.findLast((mm) => mm * pixelsPerMm <= LONGEST_PIXELS) ?? LENGTHS_MM[0]
  const words = length >= 10 ? `${length / 10} cm` : `${length} mm`
  return { pixels: Math.round(length * pixelsPerMm), words: `${words} ${label}` }
}
