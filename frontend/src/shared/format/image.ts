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

/** An object of numbers: it has no picture, and that is no failure. */
export function isDoseReport(image: Pick<ImageSummary, 'objectKind'>): boolean {
  return image.objectKind === 'dose_report'
}

/** What a screen reader says of an image: what it is, without the patient. */
export function describeImage(image: ImageSummary): string {
  if (isDoseReport(image)) return `Dose report, ${image.originalName}`
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
  'CodeMeaning',
])

/** The source of a side or view that somebody has corrected. */
const PERSON = 'person'

/** "ImageLaterality" → "Image Laterality". */
export function sourceName(source: string): string {
  return source.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ')
}

/** Where a side or view was found: "from View Position", "guessed from Series Description". */
export function sourceInWords(source: string | null): string | null {
  if (source === null) return null
  if (source === PERSON) return 'corrected by a person'
  return `${FREE_TEXTS.has(source) ? 'guessed from' : 'from'} ${sourceName(source)}`
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
  laterality_conflict:
    'Fields of the header disagree about the side; the most specific was taken. Look at the markers in the image.',
  view_position_conflict: 'Fields of the header disagree about the view; the most specific was taken.',
  unreadable_after_pixel_data:
    'What follows the pixels in the file could not be read; the picture is complete.',
  trailing_bytes: 'The file has bytes after its end; they were ignored.',
  missing_sequence_delimiter: 'The file does not close all its sequences; it was read all the same.',
  codestream_depth_above_bits_stored: 'The compressed image is deeper than the header says.',
  bits_beyond_bits_stored:
    'Pixels have bits beyond those that the header names; they were left out. Where white turns into black, the header is wrong.',
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
  newer_recipe_rejects:
    'A newer version of the converter refuses this file. What is shown was made by an earlier one.',
  missing_preamble: 'The file lacks the preamble of a DICOM file; it was read all the same.',
  missing_file_meta: 'The file lacks its first group; what it leaves out was certain from what follows.',
  jp2_boxes_around_codestream: 'The compressed image is wrapped in a file of its own; it was unwrapped.',
  calibrated_spacing_exceeds_detector:
    'The calibrated pixel spacing is larger than that of the detector. Measure with care.',
  calibrated_spacing_differs_from_magnification:
    'The calibrated pixel spacing does not follow from the magnification. Measure with care.',
  spacing_basis_unknown:
    'The file states millimetres, but not whether at the detector or in the breast. Lengths are in pixels.',
  spacing_contradiction: 'The file states pixel spacings that contradict each other. Lengths are in pixels.',
  implausible_magnification: 'The magnification in the file cannot be right; it was not used.',
  magnification_varies_by_frame: 'The magnification differs from frame to frame; it was not used.',
  laterality_assumed_from_orientation:
    'Nothing in the file names the side; it was concluded from how images usually hang. Look at the markers in the image.',
  quality_control_material_in_image: 'The image shows a phantom or the like beside the patient.',
  report_cut: 'The dose report is longer than what is read of it. The original holds all.',
  repeated_accumulated_dose: 'The dose report states the accumulated dose of one breast twice.',
  offset_table_ignored:
    'The table of where frames begin points elsewhere; the frames were told apart by themselves.',
  for_processing: 'FOR PROCESSING: raw data of the detector, not meant for reading.',
}

/** Warnings about any one field carry its keyword: "unreadable_StudyDate". */
const FIELD_WARNINGS: Record<string, string> = {
  missing: 'The file lacks $.',
  malformed: '$ in the file holds what it may not.',
  unreadable: '$ in the file could not be read.',
  implausible: '$ in the file cannot be right; it was not used.',
  varying: '$ differs from frame to frame; it was not used.',
}

/** Never empty: a code that the page does not know is at least readable. */
export function warningInWords(code: string): string {
  const known = WARNINGS[code]
  if (known) return known
  const [, kind = '', keyword = ''] = /^([a-z]+)_([A-Z]\w*)$/.exec(code) ?? []
  const sentence = FIELD_WARNINGS[kind]
  if (sentence) return sentence.replace('$', spelledKeyword(keyword))
  // "several_organ_dose_mgy": one value is stated more than once, and differently.
  const words = code.replaceAll('_', ' ').replace(/^several /, 'different values of ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

/** "SOPInstanceUID" → "SOP Instance UID". */
function spelledKeyword(keyword: string): string {
  return keyword.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
}
