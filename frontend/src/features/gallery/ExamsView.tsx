import { useCallback, useMemo } from 'react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Layers, SearchX } from 'lucide-react'
import type { GallerySearch } from '@/shared/api/imageFilters'
import { fetchStudyCounts, type Study, studyFiltersOf, type StudyFilters } from '@/shared/api/studies'
import { useCommands } from '@/shared/keys/commands'
import { Button } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { toast } from '@/shared/ui/Toasts'
import { focusedId } from '@/shared/wall/focused'
import type { TileGrid } from '@/shared/wall/lines'
import { countInWords } from './exam'
import { EXAM_GRID, ExamSkeleton, ExamTile } from './ExamTile'
import { FilterBar } from './FilterBar'
import styles from './GalleryPage.module.css'
import { useExamPoll } from './usePendingPoll'
import { useGalleryWall } from './useGalleryWall'
import { useInView } from './useInView'
import { useUploaders } from './useUploaders'
import { examKey, examWall } from './walls'
import { WallPage } from './WallPage'

const skeleton = () => <ExamSkeleton />

export function ExamsView({ search }: { search: GallerySearch }) {
  const filters = studyFiltersOf(search)
  const key = examKey(filters)
  const { isPlaceLost, onPlace } = useGalleryWall(examWall, key, filters, search.at)
  const rows = examWall.use((state) => state.window?.rows) ?? []
  const uploaders = useUploaders(rows.flatMap((study) => study.uploaders))
  const counts = useCounts(key, filters)
  const { visible, onView } = useInView<Study>('exams')
  useExamPoll(visible)
  useReadingKey(filters)
  const tile = useTile(key, filters)
  const isFiltered = Object.values(filters).some((value) => value !== undefined)
  return (
    <WallPage
      wall={examWall}
      wallKey={key}
      search={search}
      filters={
        <>
          <FilterBar search={search} counts={counts} uploaders={uploaders} />
          <p className={styles.total} role="status">
            {counts ? `${countInWords(counts.total)} ${counts.total.count === 1 ? 'exam' : 'exams'}` : ''}
          </p>
        </>
      }
      empty={isFiltered ? <NothingFits /> : <NothingYet />}
      newsLabel="New exams"
      isPlaceLost={isPlaceLost}
      wish={EXAM_GRID}
      loadingLabel="Loading exams"
      tile={tile}
      skeleton={skeleton}
      onView={onView}
      onPlace={onPlace}
    />
  )
}

function useTile(key: string, filters: StudyFilters) {
  // The same filters are the same object, so that tiles are not drawn anew for nothing.
  // oxlint-disable-next-line react/exhaustive-deps
  const kept = useMemo(() => filters, [key])
  return useCallback(
    (study: Study, _: number, grid: TileGrid) => (
      <ExamTile study={study} filters={kept} width={grid.tileWidth} />
    ),
    [kept],
  )
}

/** `v` on a tile: the exam in the viewer, and there `n` and `p` go through this list. */
function useReadingKey(filters: StudyFilters): void {
  const navigate = useNavigate()
  useCommands([
    {
      id: 'read',
      title: 'Read the exam that has the focus',
      group: 'Gallery',
      keys: ['v'],
      run: () => {
        const id = focusedId()
        if (id === null) toast('Choose an exam with the arrow keys first.')
        else {
          const params = { studyId: String(id) }
          void navigate({ to: '/studies/$studyId/read', params, search: filters })
        }
      },
    },
  ])
}

/** Trouble here is not worth a word: the wall says what is wrong, and without counts the filters work all the same. */
function useCounts(key: string, filters: StudyFilters) {
  const { data } = useQuery({
    queryKey: ['study-counts', key],
    queryFn: ({ signal }) => fetchStudyCounts(filters, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
  return data
}

function NothingYet() {
  return (
    <EmptyState icon={<Layers />} title="No exams yet">
      Mammograms in DICOM are put together to exams by themselves, as soon as they have been converted. Plain
      pictures belong to no exam; they are among the images.
    </EmptyState>
  )
}

function NothingFits() {
  const navigate = useNavigate()
  return (
    <EmptyState
      icon={<SearchX />}
      title="No exam fits these filters"
      actions={
        <Button onClick={() => void navigate({ to: '/', search: { show: 'exams' } })}>Clear filters</Button>
      }
    >
      Search finds the beginning of a patient id, a name or a file name. A filter finds an exam by any one of
      its images.
    </EmptyState>
  )
}
