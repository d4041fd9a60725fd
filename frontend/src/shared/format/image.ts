import type { ImageStatus, ImageSummary } from '@/shared/api/types'

/** The chip of a tile: "R MLO", as every mammogram is named; null when neither is known. */
export function sideAndView(image: Pick<ImageSummary, 'laterality' | 'viewPosition'>): string | null {
  const words = [image.laterality, image.viewPosition].filter(Boolean)
  return words.length > 0 ? words.join(' ') : null
}

const SIDES: Record<string, string> = { R: 'right', L: 'left', B: 'both sides' }

export function sideInWords(laterality: string | null): string | null {
  return laterality === null ? null : (SIDES[laterality] ?? laterality)
}

/** What a screen reader says of an image: what it is, without the patient. */
export function describeImage(image: ImageSummary): string {
  const what = [sideInWords(image.laterality), image.viewPosition].filter(Boolean).join(' ')
  return what ? `${what}, ${image.originalName}` : image.originalName
}

const STATUS_WORDS: Record<ImageStatus, string> = {
  pending: 'Queued',
  processing: 'Converting',
  ready: 'Ready',
  rejected: 'Rejected',
  failed: 'Failed',
}

export function statusInWords(status: ImageStatus): string {
  return STATUS_WORDS[status]
}

/** Where a side or view was found, in words. */
const SOURCES: Record<string, string> = {
  header: 'from the file’s header',
  dicom: 'from the file’s header',
  image_laterality: 'from Image Laterality',
  frame_laterality: 'from Frame Laterality',
  laterality: 'from the series’ Laterality',
  view_position: 'from View Position',
  view_code: 'from View Code Sequence',
  view_code_sequence: 'from View Code Sequence',
  patient_orientation: 'from Patient Orientation',
  description: 'guessed from the description',
  series_description: 'guessed from the series description',
  protocol_name: 'guessed from the protocol name',
  file_name: 'guessed from the file name',
  filename: 'guessed from the file name',
  user: 'set by a person',
  correction: 'corrected by a person',
  manual: 'set by a person',
}

export function sourceInWords(source: string | null): string | null {
  if (source === null) return null
  return SOURCES[source] ?? `from ${source.replaceAll('_', ' ')}`
}
