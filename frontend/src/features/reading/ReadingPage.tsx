import { type ReactNode, useCallback, useEffect, useMemo } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { calmly } from '@/shared/api/calmly'
import { ApiProblem, messageOf } from '@/shared/api/client'
import { onImages } from '@/shared/api/imageEvents'
import { openLive } from '@/shared/api/live'
import { meQuery, queryClient, reread } from '@/shared/api/queries'
import type { StudyFilters } from '@/shared/api/studies'
import { formatDate } from '@/shared/format/dates'
import { CloudOff, SearchX } from 'lucide-react'
import { Button } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { patientWords } from '@/viewer/hanging'
import type { Opened } from '@/viewer/HungExam'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { ExamViewing } from '@/viewer/types'
import { examQuery, imageQuery, neighboursQuery } from './api'
import styles from './ReadingPage.module.css'
import { Reader } from './Reader'

const CALM_MILLISECONDS = 400

interface PageProps {
  /** The list of keys, which belongs to the whole page. */
  help: (isOpen: boolean, close: () => void) => ReactNode
}

/** One exam, as a breast radiologist hangs it. */
export function ReadExamPage({ help }: PageProps) {
  const { studyId } = useParams({ strict: false }) as { studyId: string }
  const navigate = useNavigate()
  const { data: exam, error, refetch } = useQuery(examQuery(studyId))
  const prior = usePrior(exam)
  const search = useSearch({ from: '/reader/studies/$studyId/read' })
  const neighbours = useNeighbours(exam, search)
  useLive(['reading', 'exam', studyId])
  const opened = useMemo((): Opened | null => {
    if (!exam) return null
    return {
      key: `exam ${exam.id}`,
      images: exam.images,
      prior: prior?.images ?? [],
      priorAt: prior?.studyAt ?? null,
    }
  }, [exam, prior])
  const go = useCallback(
    (id: number | null) =>
      id === null
        ? null
        : () => void navigate({ to: '/studies/$studyId/read', params: { studyId: String(id) }, search }),
    [navigate, search],
  )
  if (error && !exam) return <NotRead error={error} onAgain={() => void refetch()} />
  return (
    <Reader
      title={exam ? titleOf(exam) : 'Exam'}
      patient={exam ? patientWords(exam.patient) : null}
      opened={opened}
      annotations={exam ? `/api/studies/${exam.id}/annotations` : null}
      gone={error instanceof ApiProblem && error.status === 404}
      next={go(neighbours.next)}
      previous={go(neighbours.previous)}
      onFull={(viewer) => void fetchAhead(viewer, [neighbours.next, neighbours.previous])}
      onLeave={() => void navigate({ to: '/studies/$studyId', params: { studyId }, search })}
      onChanged={() => void reread(['reading', 'exam', studyId])}
      help={help}
    />
  )
}

/** One image by itself, whatever it is. */
export function ReadImagePage({ help }: PageProps) {
  const { imageId } = useParams({ strict: false }) as { imageId: string }
  const search = useSearch({ from: '/reader/images/$imageId/read' })
  const navigate = useNavigate()
  const { data: image, error, refetch } = useQuery(imageQuery(imageId))
  useLive(['reading', 'image', imageId])
  const opened = useMemo(
    (): Opened | null =>
      image ? { key: `image ${image.id}`, images: [image], prior: [], priorAt: null } : null,
    [image],
  )
  if (error && !image) return <NotRead error={error} onAgain={() => void refetch()} />
  return (
    <Reader
      title={image?.originalName ?? 'Image'}
      patient={null}
      opened={opened}
      annotations={image ? `/api/images/${image.id}/annotations` : null}
      gone={error instanceof ApiProblem && error.status === 404}
      next={null}
      previous={null}
      onFull={() => {}}
      onLeave={() => void navigate({ to: '/images/$imageId', params: { imageId }, search })}
      onChanged={() => void reread(['reading', 'image', imageId])}
      help={help}
    />
  )
}

/** The latest of the earlier exams of the same patient. */
function usePrior(exam: ExamViewing | undefined): ExamViewing | undefined {
  const latest = exam?.priors[0]?.id ?? null
  const { data } = useQuery({
    ...examQuery(String(latest)),
    enabled: latest !== null,
    refetchInterval: false,
  })
  return latest === null ? undefined : data
}

function useNeighbours(exam: ExamViewing | undefined, filters: StudyFilters) {
  const { data } = useQuery({ ...neighboursQuery(exam?.id ?? 0, filters), enabled: exam !== undefined })
  return data ?? { next: null, previous: null }
}

/** What happens to images is told while the exam is open. */
function useLive(key: readonly string[]): void {
  const { data: me } = useQuery(meQuery)
  const isSignedIn = Boolean(me)
  useEffect(() => (isSignedIn ? openLive() : undefined), [isSignedIn])
  const words = key.join('\n')
  useEffect(() => {
    const again = calmly(() => void reread(words.split('\n')), CALM_MILLISECONDS)
    const end = onImages((event) => (event.kind === 'forget' ? undefined : again.ask()))
    return () => {
      again.stop()
      end()
    }
  }, [words])
}

/** The exams beside this one: their facts, and their first pictures. */
async function fetchAhead(viewer: MammoViewer, studyIds: readonly (number | null)[]): Promise<void> {
  for (const id of studyIds) {
    if (id === null) continue
    const exam = await queryClient.fetchQuery(examQuery(String(id))).catch(() => null)
    if (exam) viewer.store.prefetch(exam.images)
  }
}

function titleOf(exam: ExamViewing): string {
  const at = exam.studyAt ? formatDate(exam.studyAt) : 'date unknown'
  return [exam.studyDescription ?? 'Exam', at].join(' · ')
}

function NotRead({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  const isMissing = error instanceof ApiProblem && [400, 404, 422].includes(error.status)
  return (
    <main className={styles.page}>
      <div className={styles.state}>
        <EmptyState
          icon={isMissing ? <SearchX /> : <CloudOff />}
          title={isMissing ? 'This does not exist or you may not see it' : 'It could not be read'}
          actions={isMissing ? undefined : <Button onClick={onAgain}>Try again</Button>}
        >
          {isMissing ? 'It may have been deleted, or it belongs to somebody else.' : messageOf(error)}
        </EmptyState>
      </div>
    </main>
  )
}
