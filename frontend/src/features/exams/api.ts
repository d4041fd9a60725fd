import { queryOptions } from '@tanstack/react-query'
import { request } from '@/shared/api/client'
import { fetchStudy, fetchStudyPage } from '@/shared/api/studies'
import { isUnderWay } from './study'

const POLL_MILLISECONDS = 3000
const SLOW_POLL_MILLISECONDS = 15_000
const SLOW_AFTER_POLLS = 20

/** Asked again while images of the exam are under way; events tell it sooner. */
export function studyQuery(studyId: string) {
  return queryOptions({
    queryKey: ['study', studyId],
    queryFn: ({ signal }) => fetchStudy(encodeURIComponent(studyId), signal),
    refetchInterval: ({ state }) => {
      if (!state.data || !isUnderWay(state.data)) return false
      return state.dataUpdateCount > SLOW_AFTER_POLLS ? SLOW_POLL_MILLISECONDS : POLL_MILLISECONDS
    },
  })
}

const MOST_FOUND = 20

/** Exams whose patient id, name or file name begins so. */
export function findStudiesQuery(text: string) {
  return queryOptions({
    queryKey: ['studies', 'find', text],
    enabled: text !== '',
    queryFn: async ({ signal }) => {
      const page = await fetchStudyPage({ filters: { q: text }, cursor: null, limit: MOST_FOUND }, signal)
      return page.studies
    },
  })
}

interface Named {
  studyIds: readonly number[]
  again?: boolean
}

function change(studyId: number, act: string, body: Named): Promise<unknown> {
  return request<unknown>(`/api/studies/${studyId}/${act}`, { method: 'POST', body })
}

/** These become one exam with `studyId`. */
export function groupStudies(studyId: number, studyIds: readonly number[]): Promise<unknown> {
  return change(studyId, 'group', { studyIds })
}

/** These stand alone again. */
export function ungroupStudies(studyId: number, studyIds: readonly number[]): Promise<unknown> {
  return change(studyId, 'ungroup', { studyIds })
}

/** They are not suggested together again; they can still be grouped by hand. */
export function dismissSuggestion(studyId: number, studyIds: readonly number[]): Promise<unknown> {
  return change(studyId, 'dismiss-suggestion', { studyIds })
}

export function suggestAgain(studyId: number, studyIds: readonly number[]): Promise<unknown> {
  return change(studyId, 'dismiss-suggestion', { studyIds, again: true })
}
