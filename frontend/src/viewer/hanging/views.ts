/** What kind of picture an image is, by the side, view and modifiers that the server normalised. Pure. */
import type { ViewingImage } from '@/viewer/types'

export type Side = 'R' | 'L'
export type StandardView = 'CC' | 'MLO'
export type Slot = `${Side} ${StandardView}`

/** The four places of a screening exam, in the order in which they are read. */
export const SLOTS: readonly Slot[] = ['R CC', 'L CC', 'R MLO', 'L MLO']

/** Views that look along the body's axis, so that what lies outward stands at the top (the others: the head). */
const AXIAL: ReadonlySet<string> = new Set(['CC', 'XCC', 'XCCL', 'XCCM', 'FB', 'CV'])

/** Breast Tomosynthesis Image Storage (PS3.3 A.55). */
const TOMOSYNTHESIS = '1.2.840.10008.5.1.4.1.1.13.1.3'

/** How makers call pictures that were computed out of slices; DICOM has no field for it that all of them fill. */
const SYNTHESISED = /synth|\b[csv]-?view\b|intelligent 2d|insight 2d|\bi2d\b|generated 2d/i

/** Not a picture of a breast in its place: never in one of the four. */
const ELSEWHERE: ReadonlySet<string> = new Set(['specimen'])

export function sideOf(image: ViewingImage): Side | null {
  return image.laterality === 'R' || image.laterality === 'L' ? image.laterality : null
}

export function isAxial(view: string | null): boolean {
  return view !== null && AXIAL.has(view)
}

/** Slices of a tomosynthesis, or another picture of several frames. */
export function isTomosynthesis(image: ViewingImage): boolean {
  return (image.numberOfFrames ?? 1) > 1
}

/** One picture computed out of slices. */
export function isSynthesised(image: ViewingImage): boolean {
  if (isTomosynthesis(image)) return false
  return image.sopClassUid === TOMOSYNTHESIS || SYNTHESISED.test(image.seriesDescription ?? '')
}

export function isForProcessing(image: ViewingImage): boolean {
  return image.presentationIntentType === 'FOR PROCESSING'
}

export function isDoseReport(image: ViewingImage): boolean {
  return image.objectKind === 'dose_report'
}

/** A picture at all, be it ready or not: everything but reports. */
export function isPicture(image: ViewingImage): boolean {
  return !isDoseReport(image)
}

/** A plain picture has no modality; a person who gave it side and view says that it is a mammogram. */
export function isMammogram(image: ViewingImage): boolean {
  if (!isPicture(image) || image.qualityControlImage === true) return false
  if (image.modality === 'MG') return true
  return image.fileType !== 'dicom' && sideOf(image) !== null && image.viewPosition !== null
}

/** Which of the four places an image may take; null: none of them. */
export function slotOf(image: ViewingImage): Slot | null {
  const side = sideOf(image)
  if (side === null || !isMammogram(image)) return null
  if (image.viewModifiers.some((modifier) => ELSEWHERE.has(modifier))) return null
  const view = image.viewPosition
  return view === 'CC' || view === 'MLO' ? `${side} ${view}` : null
}

export function isImplantDisplaced(image: ViewingImage): boolean {
  return image.viewModifiers.includes('implant_displaced')
}
