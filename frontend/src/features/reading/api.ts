import { queryOptions } from '@tanstack/react-query'
import { request } from '@/shared/api/client'
import { fetchStudyPage } from '@/shared/api/studies'
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

/** Which exams a list shows before and after one: the newest first, as the gallery's exams. */
export interface Neighbours {
  readonly next: number | null
  readonly previous: number | null
}

const PAGE = 100
const MOST_PAGES = 20

/** Walks the list of exams until it meets this one; far down in a long list there are no neighbours to tell. */
export function neighboursQuery(studyId: number) {
  return queryOptions({
    queryKey: ['reading', 'neighbours', studyId],
    queryFn: async ({ signal }): Promise<Neighbours> => {
      let cursor: string | null = null
      let before: number | null = null
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const { studies, nextCursor } = await fetchStudyPage({ filters: {}, cursor, limit: PAGE }, signal)
        const at = studies.findIndex(({ id }) => id === studyId)
        if (at >= 0) {
          const next = studies[at + 1]?.id ?? (nextCursor ? await firstOf(nextCursor, signal) : null)
          return { next, previous: studies[at - 1]?.id ?? before }
        }
        if (!nextCursor) break
        before = studies.at(-1)?.id ?? null
        cursor = nextCursor
      }
      return { next: null, previous: null }
    },
    staleTime: 60_000,
  })
}

async function firstOf(cursor: string, signal: AbortSignal): Promise<number | null> {
  const { studies } = await fetchStudyPage({ filters: {}, cursor, limit: 1 }, signal)
  return studies[0]?.id ?? null
}

/** The picture that the server rendered, in the greys of the file. */
export function pictureOf({ links }: ViewingImage): string | null {
  return links.png
}
