/** The value of one pixel, in words; and where one is looking for it. */
import type { FrameState, GreyScale, Point, Samples } from '@/viewer/types'
import { modalityCurve } from '@/viewer/voi/table'
import { SHAPE_KINDS } from './shapes'
import { short } from './statistics'

/** What a frame tells a probe: `kind` as that of the engine's frames. */
export interface Probed {
  readonly state: FrameState
  readonly samples: Samples | null
  readonly kind: 'htj2k' | 'picture'
}

/** Units that say nothing: "unspecified" (PS3.3 C.11.1.1.2). */
const NO_UNITS = new Set(['', 'US'])

/**
 * The pixel under a point of the image; null beside it. Rows and columns count from 1, as those of DICOM. Values of a
 * preview are means, and are not told.
 */
export function probeInWords(frame: Probed, greyScale: GreyScale | null, at: Point): string | null {
  const { samples } = frame
  if (!samples) return '—, loading'
  if (samples.level !== 0) return isWithin(samples, at, samples.level) ? '—, loading' : null
  if (!isWithin(samples, at, 0)) return null
  const row = Math.floor(at.y)
  const column = Math.floor(at.x)
  const place = `row ${row + 1}, column ${column + 1}`
  const value = valueInWords(samples, row * samples.width + column, frame.kind, greyScale)
  return `${value} · ${place}`
}

function isWithin({ width, height }: Samples, { x, y }: Point, level: number): boolean {
  return x >= 0 && y >= 0 && x < width * 2 ** level && y < height * 2 ** level
}

function valueInWords(
  { components, data }: Samples,
  index: number,
  kind: Probed['kind'],
  greyScale: GreyScale | null,
): string {
  if (components === 3) {
    const [red, green, blue] = data.subarray(3 * index, 3 * index + 3)
    return `R ${red} G ${green} B ${blue}`
  }
  const stored = data[index] as number
  // Of a picture that is no DICOM the server's rendering is all there is.
  if (kind === 'picture' || !greyScale) return `grey ${stored} as shown`
  const { padding } = greyScale
  if (padding && stored >= padding.low && stored <= padding.high) return `stored ${stored}, padding`
  return `stored ${stored}${modalityInWords(greyScale, stored)}`
}

/** Nothing where the file transforms nothing. */
function modalityInWords(greyScale: GreyScale, stored: number): string {
  const { slope, intercept, lut, unit } = greyScale.modality
  const isPlain = lut === null && (slope === null || slope === 1) && intercept === 0
  if (isPlain) return ''
  const value = short(modalityCurve(greyScale)(stored))
  return ` → ${value}${NO_UNITS.has(unit) ? '' : ` ${unit}`}`
}

/** Whether arrows move a crosshair while this tool is chosen. */
export function hasCrosshair(tool: string | undefined): boolean {
  return tool === 'probe' || SHAPE_KINDS.some((kind) => kind === tool)
}

/** Where the pointer or the crosshair is, in pane coordinates. Whoever shows it subscribes: nothing else is drawn anew. */
export interface ProbedPlace {
  readonly paneKey: string
  readonly at: Point
  /** Moved by keys: what is there is read out. */
  readonly isByKeys: boolean
}

export class Probe {
  place: ProbedPlace | null = null
  private readonly listeners = new Set<() => void>()

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  to(place: ProbedPlace | null): void {
    if (place === this.place) return
    this.place = place
    for (const listener of this.listeners) listener()
  }
}
