import { queryOptions } from '@tanstack/react-query'
import { request } from '@/shared/api/client'
import { fetchStudyNeighbours, type StudyFilters } from '@/shared/api/studies'
import type { ExamViewing, ViewingImage } from '@/viewer/types'

const POLL_MILLISECONDS = 3000
/** What others do to an exam that is read (an image comes, goes, or is corrected) is seen this soon. */
const CALM_POLL_MILLISECONDS = 20_000

function isUnderWay(image: ViewingImage): boolean {
  return image.status === 'pending' || image.status === 'processing'
}

/** Asked again while images of the exam are under way. */
export function examQuery(studyId: string) {
  return queryOptions({
    queryKey: ['reading', 'exam', studyId],
    queryFn: ({ signal }) =>
      request<ExamViewing>(`/api/studies/${encodeURIComponent(studyId)}/viewing`, { signal }),
    refetchInterval: ({ state }) =>
      state.data?.images.some(isUnderWay) ? POLL_MILLISECONDS : CALM_POLL_MILLISECONDS,
    refetchOnWindowFocus: 'always',
    staleTime: 30_000,
  })
}

export function imageQuery(imageId: string) {
  return queryOptions({
    queryKey: ['reading', 'image', imageId],
    queryFn: ({ signal }) =>
      request<ViewingImage>(`/api/images/${encodeURIComponent(imageId)}/viewing`, { signal }),
    refetchInterval: ({ state }) =>
      state.data && isUnderWay(state.data) ? POLL_MILLISECONDS : CALM_POLL_MILLISECONDS,
    refetchOnWindowFocus: 'always',
    staleTime: 30_000,
  })
}

/** The exams before and after one in the list that one comes from. */
export function neighboursQuery(studyId: number, filters: StudyFilters) {
  return queryOptions({
    queryKey: ['reading', 'neighbours', studyId, filters],
    queryFn: ({ signal }) => fetchStudyNeighbours(studyId, filters, signal),
    staleTime: 60_000,
  })
}

/** The picture that the server rendered, in the greys of the file. */
export function pictureOf({ links }: ViewingImage): string | null {
  return links.png
}
