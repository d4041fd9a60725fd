/**
 * True size on this screen: how many CSS pixels are a millimetre of its glass. No browser tells it; its reader lays a
 * card of known size on the glass and makes an outline fit. Pure.
 */
import type { Size } from '@/viewer/types'

/** ID-1 of ISO/IEC 7810: bank cards, most identity cards and driving licences. In millimetres. */
export const CARD_MM: Size = { width: 85.6, height: 53.98 }

/** What CSS calls a millimetre; on hardly any screen it is one. The outline begins with it. */
export const NOMINAL_PIXELS_PER_MM = 96 / 25.4

/** From a television with large pixels to a phone held near: beyond this the card was not a card. */
const LEAST_PIXELS_PER_MM = 1
const MOST_PIXELS_PER_MM = 25

export interface Screen {
  /** As `window.screen` tells them: CSS pixels. */
  readonly width: number
  readonly height: number
  /** `devicePixelRatio`: it changes with the zoom of the page, which makes another calibration necessary. */
  readonly pixelRatio: number
}

/** CSS pixels per millimetre by screen, as preferences keep them. */
export type Calibrations = Readonly<Record<string, number>>

/** "2560×1440×1.5": a screen as far as a page can tell it from others. */
export function screenKey({ width, height, pixelRatio }: Screen): string {
  return `${width}×${height}×${Number(pixelRatio.toFixed(4))}`
}

export function isPlausible(pixelsPerMm: unknown): pixelsPerMm is number {
  return (
    typeof pixelsPerMm === 'number' && pixelsPerMm >= LEAST_PIXELS_PER_MM && pixelsPerMm <= MOST_PIXELS_PER_MM
  )
}

/** From the width in CSS pixels at which the outline fits the card; null: no card was that wide. */
export function pixelsPerMmOf(cardWidth: number): number | null {
  const pixelsPerMm = cardWidth / CARD_MM.width
  return isPlausible(pixelsPerMm) ? pixelsPerMm : null
}

/** The outline of the card at so many CSS pixels per millimetre. */
export function cardOutline(pixelsPerMm: number): Size {
  return { width: CARD_MM.width * pixelsPerMm, height: CARD_MM.height * pixelsPerMm }
}

/** The outline made wider by so many CSS pixels, as far as is plausible. */
export function nudged(pixelsPerMm: number, byPixels: number): number {
  const moved = pixelsPerMm + byPixels / CARD_MM.width
  return Math.min(Math.max(moved, LEAST_PIXELS_PER_MM), MOST_PIXELS_PER_MM)
}

/** What preferences hold, of which every word may be wrong. */
export function readCalibrations(stored: unknown): Calibrations {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return {}
  return Object.fromEntries(Object.entries(stored).filter(([, value]) => isPlausible(value)))
}

/** Of this screen; null: it was never calibrated. */
export function calibrationOf(calibrations: Calibrations, screen: Screen): number | null {
  const key = screenKey(screen)
  return Object.hasOwn(calibrations, key) ? (calibrations[key] ?? null) : null
}

export function withCalibration(
  calibrations: Calibrations,
  screen: Screen,
  pixelsPerMm: number,
): Calibrations {
  return { ...calibrations, [screenKey(screen)]: pixelsPerMm }
}
