import type { HangingPlace, Study, StudyDetail } from '@/shared/api/studies'
import type { ImageStatus, ImageSummary } from '@/shared/api/types'
import { formatDate } from '@/shared/format/dates'
import { statusInWords } from '@/shared/format/image'
import { formatCount } from '@/shared/format/numbers'

/** "P-1042 · Doe, Jane · 12 Mar 2024". What is not known is left out; an exam always has a name. */
export function examTitle(study: Study): string {
  const who = [study.patientId, study.patientName].filter(Boolean)
  const when = study.studyAt ? formatDate(study.studyAt) : null
  if (who.length === 0) return when ? `Exam of ${when}` : `Exam ${study.id}`
  return [...who, when].filter(Boolean).join(' · ')
}

/**
 * The four places of a screening exam; an exam without mammographic views shows its first four pictures instead,
 * in the order in which they came.
 */
export function hangingOf(study: Study): HangingPlace[] {
  const isMammogram = study.views.missing.length > 0 || study.hanging.some((one) => one.image !== null)
  if (isMammogram || study.others.length === 0) return study.hanging
  return study.others.slice(0, 4).map((image) => ({ slot: viewName(image) ?? 'View unknown', image }))
}

export function viewName(image: Pick<ImageSummary, 'laterality' | 'viewPosition'>): string | null {
  const words = [image.laterality, image.viewPosition].filter(Boolean)
  return words.length > 0 ? words.join(' ') : null
}

/** What the hanging has no place for: further views, repeats, and what could not be told apart. */
export function imagesBeside(study: StudyDetail): ImageSummary[] {
  const hung = new Set(hangingOf(study).flatMap((one) => one.image?.id ?? []))
  return study.images.filter((image) => !hung.has(image.id))
}

/** The image of a place as the list of images knows it: with its name and its reason. */
export function imageOf(study: StudyDetail, imageId: number): ImageSummary | undefined {
  return study.images.find((image) => image.id === imageId)
}

const ORDER: readonly ImageStatus[] = ['ready', 'processing', 'pending', 'failed', 'rejected']

/** "8 ready, 1 converting, 1 failed". */
export function countsInWords(counts: Study['statusCounts']): string {
  const words = ORDER.filter((status) => (counts[status] ?? 0) > 0).map(
    (status) => `${formatCount(counts[status])} ${statusInWords(status).toLowerCase()}`,
  )
  return words.length > 0 ? words.join(', ') : 'none'
}

export function isUnderWay(study: Study): boolean {
  return (study.statusCounts.pending ?? 0) + (study.statusCounts.processing ?? 0) > 0
}

/** For a line of a list: "12 Mar 2024, Screening". */
export function studyName(study: Pick<Study, 'id' | 'studyAt' | 'studyDescription'>): string {
  const words = [study.studyAt ? formatDate(study.studyAt) : null, study.studyDescription].filter(Boolean)
  return words.length > 0 ? words.join(', ') : `Exam ${study.id}`
}

/** Side and view that some anonymised collections put behind the patient, as the server knows them. */
const VIEW_OF_A_PATIENT = /[ _.-]+(?:left|right)[ _.-]+(?:cc|mlo|ml|lm|lmo|xccl|xccm)$/i

/** Whether two exams can be one patient's, by their ids; an exam that names nobody can be anyone's. */
export function mayBeOnePatient(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return true
  const [first, second] = [one, other].map((id) => id.trim().replace(VIEW_OF_A_PATIENT, '') || id)
  return first === second
}
