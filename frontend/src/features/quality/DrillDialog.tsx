import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { formatDay } from '@/shared/format/zoned'
import { Button } from '@/shared/ui/Button'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Skeleton } from '@/shared/ui/Skeleton'
import table from '@/shared/ui/Table.module.css'
import { Unread } from '@/shared/ui/Unread'
import { type Behind, type Exam, fetchExams } from './api'
import styles from './Quality.module.css'
import type { QualityQuery } from './qualitySearch'
import { measure, NOT_TOLD } from './words'

interface DrillDialogProps {
  title: string
  behind: Behind
  query: QualityQuery
  onClose: () => void
}

/** The exams behind a number, newest first; no patient is named before an exam is opened. */
export function DrillDialog({ title, behind, query, onClose }: DrillDialogProps) {
  const pages = useInfiniteQuery({
    queryKey: ['quality', 'exams', query, behind],
    queryFn: ({ pageParam, signal }) => fetchExams(query, behind, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  })
  const exams = pages.data?.pages.flatMap((page) => page.exams) ?? []
  return (
    <Dialog isOpen onClose={onClose} title={title} isWide>
      {pages.error ? (
        <Unread
          what="The exams"
          error={pages.error}
          hasOld={exams.length > 0}
          onAgain={() => void pages.refetch()}
        />
      ) : null}
      {pages.isPending ? <Skeleton height="12rem" /> : null}
      {pages.data && exams.length === 0 ? <p className={styles.nothing}>There are none any more.</p> : null}
      {exams.length > 0 ? (
        <div
          className={`${table.wrap} ${styles.exams}`}
          tabIndex={0}
          role="region"
          aria-label={`${title}, list`}
        >
          <ExamsTable title={title} exams={exams} onOpen={onClose} />
        </div>
      ) : null}
      <DialogActions>
        {pages.hasNextPage ? (
          <Button isBusy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            More
          </Button>
        ) : null}
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  )
}

function ExamsTable({ title, exams, onOpen }: { title: string; exams: Exam[]; onOpen: () => void }) {
  return (
    <table className={table.table}>
      <caption className="visually-hidden">{title}</caption>
      <thead>
        <tr>
          <th scope="col">Exam</th>
          <th scope="col">Day</th>
          <th scope="col">Unit</th>
          <th scope="col">What it is</th>
        </tr>
      </thead>
      <tbody>
        {exams.map((exam) => (
          <tr key={exam.examId ?? `file ${exam.images[0]?.imageId}`}>
            <td>
              {exam.examId === null ? (
                <Link
                  to="/images/$imageId"
                  params={{ imageId: String(exam.images[0]?.imageId) }}
                  onClick={onOpen}
                >
                  Image {exam.images[0]?.imageId}
                </Link>
              ) : (
                <Link to="/studies/$studyId" params={{ studyId: String(exam.examId) }} onClick={onOpen}>
                  Exam {exam.examId}
                </Link>
              )}
            </td>
            <td className="tabular">
              {formatDay(exam.takenOn)}
              {exam.byArrival ? <span className="unit"> arrival</span> : null}
            </td>
            <td>{exam.unit ?? NOT_TOLD}</td>
            <td className={styles.what}>{whatItIs(exam)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function whatItIs({ images, missing, repeated, files }: Exam): string {
  if (missing) {
    const parts = [
      missing.length > 0 ? `without ${missing.join(', ')}` : 'all four views',
      repeated && repeated.length > 0 ? `repeated: ${repeated.join(', ')}` : '',
    ]
    return parts.filter(Boolean).join('; ')
  }
  const told = images.slice(0, 4).map((image) => {
    const view = [image.laterality, image.viewPosition].filter(Boolean).join(' ') || 'view not told'
    if (image.status !== 'ready') return `${view}: ${image.status} (${image.reasonCode ?? 'no reason'})`
    return `${view}: ${measure(image.thicknessMm, 0)} mm, ${measure(image.doseMgy, 2)} mGy, ${measure(image.forceN, 0)} N`
  })
  return `${told.join('; ')}${files > told.length ? `; ${files - told.length} more` : ''}`
}
