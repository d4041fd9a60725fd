import { request, withQuery } from '@/shared/api/client'
import { type ImageFilters, toListQuery } from '@/shared/api/imageFilters'
import type { ImageStatus, ImageSummary } from '@/shared/api/types'

/** One exam as lists show it. The shapes are the server's; `views` speaks of mammographic views alone. */
export interface Study {
  id: number
  studyInstanceUid: string
  createdAt: string
  studyAt: string | null
  studyDescription: string | null
  accessionNumber: string | null
  patientId: string | null
  patientName: string | null
  modalities: string[]
  imageCount: number
  statusCounts: Record<ImageStatus, number>
  state: StudyState
  views: StudyViews
  hanging: HangingPlace[]
  /** Pictures of an exam without mammographic views; empty for others. */
  others: StudyImage[]
  /** More than one when studies were grouped to one exam. */
  memberCount: number
  uploaders: { id: number; name: string }[]
  suggestion: { studyIds: number[]; reason: string } | null
}

export type StudyState = 'processing' | 'ready' | 'troubled'

export interface StudyViews {
  present: string[]
  missing: string[]
  repeated: string[]
  extra: string[]
}

/** One of the four places of a screening exam, always in the order R CC, L CC, R MLO, L MLO. */
export interface HangingPlace {
  slot: string
  image: StudyImage | null
}

export type StudyImage = Pick<
  ImageSummary,
  'id' | 'status' | 'laterality' | 'viewPosition' | 'links' | 'thumbnailWidth' | 'thumbnailHeight'
>

export interface StudyDetail extends Study {
  images: ImageSummary[]
  members: StudyMember[]
}

export interface StudyMember {
  id: number
  studyInstanceUid: string
  studyAt: string | null
  studyDescription: string | null
  imageCount: number
}

export interface StudyPage {
  studies: Study[]
  nextCursor: string | null
  prevCursor: string | null
  hasMore: boolean
  limit: number
}

/** `capped`: there are at least so many, counting further would cost too much. */
export interface Count {
  count: number
  capped: boolean
}

export interface StudyCounts {
  total: Count
  laterality: Record<string, Count>
  view: Record<string, Count>
  modality: Record<string, Count>
  status: Record<string, Count>
}

/** Those of an image that an exam has too, and the dates of the exam itself. */
export interface StudyFilters extends Pick<
  ImageFilters,
  'status' | 'laterality' | 'view' | 'modality' | 'userId' | 'from' | 'to' | 'q'
> {
  studyFrom?: string
  studyTo?: string
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

export function fetchStudy(studyId: number | string, signal?: AbortSignal): Promise<StudyDetail> {
  return request<StudyDetail>(`/api/studies/${studyId}`, { signal })
}
