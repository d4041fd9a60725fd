import { request, withQuery } from '@/shared/api/client'
import { type GallerySearch, type ImageFilters, toListQuery } from '@/shared/api/imageFilters'
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

/** One exam as lists show it; `views` speaks of mammographic views alone. */
export type Study = Schemas['Study']
export type StudyState = Study['state']
export type StudyViews = Schemas['ExamViews']
/** One of the four places of a screening exam, always in the order R CC, L CC, R MLO, L MLO. */
export type HangingPlace = Schemas['HangingPlace']
export type StudyImage = Schemas['ExamPicture']
export type StudyDetail = Schemas['StudyDetail']
export type StudyMember = Schemas['StudyMember']
export type StudyPage = Schemas['StudyPage']
/** `previous` is newer, `next` older; null at the ends of the list. */
export type StudyNeighbours = Schemas['StudyNeighbours']
export type StudyCounts = Schemas['StudyCounts']
/** `capped`: there are at least so many, counting further would cost too much. */
export type Count = Schemas['Count']

/** Those of an image that an exam has too, and the dates of the exam itself. */
export interface StudyFilters extends Pick<
  ImageFilters,
  'status' | 'laterality' | 'view' | 'modality' | 'userId' | 'from' | 'to' | 'q'
> {
  studyFrom?: string
  studyTo?: string
}

/** What an image and an exam have in common stays when one goes from one view to the other. */
export function studyFiltersOf(search: GallerySearch): StudyFilters {
  const { status, laterality, view, modality, userId, from, to, q, studyFrom, studyTo } = search
  return { status, laterality, view, modality, userId, from, to, q, studyFrom, studyTo }
}

export interface StudyPageRequest {
  filters: StudyFilters
  cursor: string | null
  limit: number
  direction?: 'next' | 'prev'
}

/** The days of an exam are those of its own clock: they go to the server as they are, the last one included. */
function toStudyQuery({ studyFrom, studyTo, ...shared }: StudyFilters): Record<string, string | undefined> {
  return { ...toListQuery(shared), studyFrom, studyTo: dayAfter(studyTo) }
}

function dayAfter(day: string | undefined): string | undefined {
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(at) ? undefined : new Date(at + 86_400_000).toISOString().slice(0, 10)
}

export function fetchStudyPage(
  { filters, cursor, limit, direction }: StudyPageRequest,
  signal?: AbortSignal,
): Promise<StudyPage> {
  return request<StudyPage>(
    withQuery('/api/studies', { limit, cursor, direction, ...toStudyQuery(filters) }),
    { signal },
  )
}

export function fetchStudyCounts(filters: StudyFilters, signal?: AbortSignal): Promise<StudyCounts> {
  return request<StudyCounts>(withQuery('/api/studies/counts', toStudyQuery(filters)), { signal })
}

/** The exams around one in the list with these filters. */
export function fetchStudyNeighbours(
  studyId: number,
  filters: StudyFilters,
  signal?: AbortSignal,
): Promise<StudyNeighbours> {
  return request<StudyNeighbours>(
    withQuery(`/api/studies/${studyId}/neighbours`, { ...toStudyQuery(filters) }),
    { signal },
  )
}

export function fetchStudy(studyId: number | string, signal?: AbortSignal): Promise<StudyDetail> {
  return request<StudyDetail>(`/api/studies/${studyId}`, { signal })
}
