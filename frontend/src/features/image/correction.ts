import type { Correction, ImageDetail, ImagePatch } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { sideInWords, sourceInWords, sourceName } from '@/shared/format/image'

export { SIDES, VIEWS } from '@/shared/format/terms'

/** Side and view can be corrected. */
export type CorrectedField = Correction['field']

/** What the selects hold; the empty word stands for "as the file says". */
export type Wanted = Record<CorrectedField, string>

type Corrected = Pick<
  ImageDetail,
  'laterality' | 'lateralitySource' | 'viewPosition' | 'viewPositionSource' | 'corrections'
>

function correctionOf(image: Corrected, field: CorrectedField): Correction | undefined {
  return image.corrections.find((correction) => correction.field === field)
}

export function isCorrected(image: Corrected, field: CorrectedField): boolean {
  return correctionOf(image, field) !== undefined
}

/** The file's own word, whoever has corrected it. */
export function fileWord(
  image: Corrected,
  field: CorrectedField,
): { value: string | null; source: string | null } {
  const correction = correctionOf(image, field)
  if (correction) return { value: correction.fileValue, source: correction.fileSource }
  return { value: image[field], source: image[`${field}Source`] }
}

export function wantedOf(image: Corrected): Wanted {
  const word = (field: CorrectedField) => (isCorrected(image, field) ? (image[field] ?? '') : '')
  return { laterality: word('laterality'), viewPosition: word('viewPosition') }
}

const FIELDS: readonly CorrectedField[] = ['laterality', 'viewPosition']

/** What to send; null when nothing would change. What the file says anyway is no correction. */
export function patchOf(image: Corrected, wanted: Wanted): ImagePatch | null {
  const patch: ImagePatch = {}
  for (const field of FIELDS) {
    const value = wanted[field]
    if (value === '' || value === fileWord(image, field).value) {
      if (isCorrected(image, field)) patch[field] = null
    } else if (value !== image[field]) {
      patch[field] = value
    }
  }
  return Object.keys(patch).length > 0 ? patch : null
}

/** What brings the image back to how it was before `patch`. */
export function undoOf(before: Corrected, patch: ImagePatch): ImagePatch {
  const undo: ImagePatch = {}
  for (const field of FIELDS) {
    if (patch[field] !== undefined) undo[field] = isCorrected(before, field) ? before[field] : null
  }
  return undo
}

/** "L (Image Laterality)", "nothing". */
export function fileInWords(image: Corrected, field: CorrectedField): string {
  const { value, source } = fileWord(image, field)
  if (value === null) return 'nothing'
  return source ? `${value} (${sourceName(source)})` : value
}

/** Where a side or view comes from: a field of the header, a guess, or a person. */
export function whereFrom(image: Corrected, field: CorrectedField): string | null {
  const correction = correctionOf(image, field)
  if (!correction) return sourceInWords(image[`${field}Source`])
  const who = correction.correctedByName ?? 'a person'
  return `corrected by ${who} on ${formatDateTime(correction.correctedAt)}; the file says ${fileInWords(image, field)}`
}

export function termInWords(field: CorrectedField, value: string): string {
  return field === 'laterality' ? `${value}, ${sideInWords(value)}` : value
}

const MOST_TAGS = 20
const LONGEST_TAG = 50

/** Why the server would refuse a further tag; null when it would not. */
export function tagTrouble(tags: readonly string[], added: string): string | null {
  const tag = added.trim()
  if (tag === '') return 'Write a tag first.'
  if (tags.includes(tag)) return 'The image has this tag already.'
  if (tags.length >= MOST_TAGS) return `An image can have ${MOST_TAGS} tags at most.`
  if (tag.length > LONGEST_TAG) return `A tag has at most ${LONGEST_TAG} characters.`
  return null
}
