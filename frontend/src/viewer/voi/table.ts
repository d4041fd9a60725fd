/**
 * The grey-scale chain of PS3.3 C.11 as one table: stored value in, 8-bit grey out. The same steps, in the same order and
 * with the same rounding, by which the server paints `/png`; see "Greys" in docs/viewer.md. Pure.
 */
import type { GreyScale, Tone, VoiTransformation } from '@/viewer/types'
import { lookupOf, type Lookup } from './lookup'

/** Greys by the bit pattern of the stored value, so that a signed one needs no shift: 256 or 65536 of them. */
export type DisplayTable = Uint8Array

export interface WindowValues {
  readonly center: number
  readonly width: number
}

/** Decimals do not always fit binary fractions: halves come out a digit too small (as on the server). */
const ROUNDING_ERROR = 1e-9
/** exp overflows beyond; the grey is 0 or 255 long before. */
const LARGEST_EXPONENT = 700

type Curve = (modality: number) => number

export function displayTable(greyScale: GreyScale, tone: Tone): DisplayTable {
  const { least, greatest, padding } = greyScale
  const table = new Uint8Array(1 << greyScale.bits)
  const mask = table.length - 1
  const modality = modalityCurve(greyScale)
  const voi = voiCurve(transformationOf(greyScale, tone), tone.window)
  const isInverted = greyScale.inverted !== tone.isInverted
  for (let stored = least; stored <= greatest; stored += 1) {
    const grey = to8Bits(voi(modality(stored)))
    table[stored & mask] = isInverted ? 255 - grey : grey
  }
  if (padding) {
    for (let stored = Math.max(padding.low, least); stored <= Math.min(padding.high, greatest); stored += 1) {
      table[stored & mask] = 0
    }
  }
  return table
}

/** Of pictures that have no grey scale: colour, and plain pictures. Their bytes are greys, unless a window is set. */
export function pictureTable(tone: Tone): DisplayTable {
  const table = new Uint8Array(256)
  const { center, width } = tone.window ?? PICTURE_WINDOW
  const curve = windowCurve('LINEAR_EXACT', center, width)
  for (let value = 0; value < 256; value += 1) {
    const grey = tone.window ? to8Bits(curve(value)) : value
    table[value] = tone.isInverted ? 255 - grey : grey
  }
  return table
}

/** The window that shows a picture's bytes as they are. */
export const PICTURE_WINDOW: WindowValues = { center: 127.5, width: 255 }

/** The window in force: as it was set, or of the file; a table stands for the range of its inputs. */
export function windowOf(greyScale: GreyScale | null, tone: Tone): WindowValues {
  if (tone.window) return tone.window
  return greyScale ? ownWindow(transformationOf(greyScale, tone)) : PICTURE_WINDOW
}

/** What the file offers, the default first. */
export function presets(greyScale: GreyScale): readonly VoiTransformation[] {
  return greyScale.voi.toSorted((one, other) => Number(other.isDefault) - Number(one.isDefault))
}

export function defaultTone(greyScale: GreyScale | null): Tone {
  const chosen = greyScale?.voi.find((one) => one.isDefault) ?? greyScale?.voi[0]
  return { voiId: chosen?.id ?? '', window: null, isInverted: false }
}

/** Modality value of a stored one: what a probe tells and statistics are made of. */
export function modalityCurve(greyScale: GreyScale): Curve {
  const { slope, intercept, lut } = greyScale.modality
  if (slope !== null) return (stored) => stored * slope + intercept
  if (lut === null) return (stored) => stored
  return entryOf(lookupOf(lut))
}

function transformationOf(greyScale: GreyScale, tone: Tone): VoiTransformation {
  const found =
    greyScale.voi.find((one) => one.id === tone.voiId) ??
    greyScale.voi.find((one) => one.isDefault) ??
    greyScale.voi[0]
  if (!found) throw new Error('A grey scale without any VOI transformation.')
  return found
}

function ownWindow(voi: VoiTransformation): WindowValues {
  if (voi.lut) {
    const { first, entries } = lookupOf(voi.lut)
    return { center: first + (entries.length - 1) / 2, width: Math.max(entries.length - 1, 1) }
  }
  return { center: voi.center ?? PICTURE_WINDOW.center, width: voi.width ?? PICTURE_WINDOW.width }
}

/** A table whose window is moved by hand is stretched over the new range: its shape stays. */
function voiCurve(voi: VoiTransformation, set: WindowValues | null): Curve {
  if (!voi.lut) {
    const { center, width } = set ?? ownWindow(voi)
    return windowCurve(voi.function ?? 'LINEAR', center, width)
  }
  const table = lookupOf(voi.lut)
  const entry = entryOf(table)
  const unit = 255 / (2 ** table.bits - 1)
  if (!set) return (value) => entry(value) * unit
  const own = ownWindow(voi)
  const stretch = own.width / Math.max(set.width, Number.EPSILON)
  return (value) => entry(own.center + (value - set.center) * stretch) * unit
}

/** C.11.2.1.2.1 LINEAR, C.11.2.1.3.1 SIGMOID, C.11.2.1.3.2 LINEAR_EXACT; modality value to [0, 255]. */
export function windowCurve(
  name: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID',
  center: number,
  width: number,
): Curve {
  if (name === 'SIGMOID') {
    return (value) => {
      const exponent = (-4 * (value - center)) / width
      return 255 / (1 + Math.exp(Math.min(Math.max(exponent, -LARGEST_EXPONENT), LARGEST_EXPONENT)))
    }
  }
  const middle = name === 'LINEAR' ? center - 0.5 : center
  const breadth = name === 'LINEAR' ? width - 1 : width
  const low = middle - breadth / 2
  const high = middle + breadth / 2
  if (breadth === 0) return (value) => (value <= low + ROUNDING_ERROR ? 0 : 255)
  return (value) => {
    if (value <= low) return 0
    if (value > high) return 255
    // The product before the quotient: halves are exact then.
    return ((value - middle) * 255) / breadth + 127.5
  }
}

function entryOf({ first, entries }: Lookup): Curve {
  const last = entries.length - 1
  return (value) => entries[Math.min(Math.max(Math.floor(value + 0.5) - first, 0), last)] ?? 0
}

function to8Bits(grey: number): number {
  return Math.floor(Math.min(Math.max(grey, 0), 255) + 0.5 + ROUNDING_ERROR)
}
