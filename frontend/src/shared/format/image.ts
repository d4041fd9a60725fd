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

/** Sources are DICOM keywords; out of these free texts side and view are only guessed. */
const FREE_TEXTS = new Set([
  'SeriesDescription',
  'ProtocolName',
  'AcquisitionDeviceProcessingDescription',
  'ImageComments',
  'StudyDescription',
  'PatientID',
  'PatientName',
])

/** Where a side or view was found: "from View Position", "guessed from Series Description". */
export function sourceInWords(source: string | null): string | null {
  if (source === null) return null
  const spelled = source.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ')
  return `${FREE_TEXTS.has(source) ? 'guessed from' : 'from'} ${spelled}`
}

/** No window in the file: the server estimated one from the breast's own values. */
export function hasEstimatedWindow(image: Pick<ImageSummary, 'voiSource'>): boolean {
  return image.voiSource?.startsWith('none') ?? false
}

const WINDOWS: Record<string, string> = {
  window: 'Window Center and Width',
  voi_lut_sequence: 'VOI LUT Sequence',
  full_range: 'full range of the values',
}

export function windowInWords(voiSource: string | null): string | null {
  if (voiSource === null || voiSource === 'not_applicable') return null
  if (voiSource.startsWith('none')) return 'estimated'
  return WINDOWS[voiSource] ?? voiSource.replaceAll('_', ' ')
}

/** What was odd about a file and did not keep it from being shown; the server sends codes. */
const WARNINGS: Record<string, string> = {
  laterality_conflict: 'Fields of the header disagree about the side. Look at the markers in the image.',
  view_position_conflict: 'Fields of the header disagree about the view.',
  unreadable_after_pixel_data:
    'What follows the pixels in the file could not be read; the picture is complete.',
  trailing_bytes: 'The file has bytes after its end; they were ignored.',
  missing_sequence_delimiter: 'The file does not close all its sequences; it was read all the same.',
  codestream_depth_above_bits_stored: 'The compressed image is deeper than the header says.',
  codestream_unsigned_under_signed_header:
    'The compressed image is unsigned, although the header says signed.',
  lossy_codestream_under_lossless_syntax:
    'The pixels were compressed with loss, although the file says without.',
  missing_transfer_syntax: 'The file does not say how it is encoded; the encoding was found out.',
  elements_are_implicit_vr: 'The file says explicit VR, but is written with implicit VR.',
  elements_are_explicit_vr: 'The file says implicit VR, but is written with explicit VR.',
  unusable_colour_profile: 'The colour profile of the picture cannot be used; colours may be off.',
  broken_lookup_table: 'A lookup table in the file is broken and was not applied.',
  lookup_table_bits_corrected: 'A lookup table in the file names a wrong depth; it was corrected.',
  broken_overlay: 'An overlay in the file is broken and is not shown.',
  rescale_slope_zero: 'The rescale slope in the file is zero; it was not applied.',
  unknown_voi_lut_function: 'The file names an unknown window function; a linear window was used.',
  window_width_not_allowed: 'A window in the file has a width that is not allowed; it was not used.',
}

export function warningInWords(code: string): string {
  return WARNINGS[code] ?? code.replaceAll('_', ' ')
}
