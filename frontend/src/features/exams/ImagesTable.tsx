import { useRef, useState } from 'react'
import { Link } from '@tanstack/react-router'
import { RotateCcw } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { retryJob } from '@/shared/api/jobs'
import type { ImageSummary } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { isDoseReport, statusInWords } from '@/shared/format/image'
import { formatMegabytes } from '@/shared/format/numbers'
import { useRowKeys } from '@/shared/keys/rowKeys'
import { Button } from '@/shared/ui/Button'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import table from '@/shared/ui/Table.module.css'
import { toast } from '@/shared/ui/Toasts'
import styles from './ExamPage.module.css'
import { viewName } from './study'

interface ImagesTableProps {
  images: readonly ImageSummary[]
  studyId: number
  mayRetry: boolean
}

/** Every image of the exam, also those without a picture; `j` and `k` walk, Enter opens. */
export function ImagesTable({ images, studyId, mayRetry }: ImagesTableProps) {
  const body = useRef<HTMLTableSectionElement>(null)
  useRowKeys(body, 'Images of the exam')
  return (
    <div className={table.wrap} tabIndex={0} role="group" aria-label="All images of the exam">
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">View</th>
            <th scope="col">State</th>
            <th scope="col">File</th>
            <th scope="col">Reason</th>
            <th scope="col" className={table.number}>
              Size
            </th>
            <th scope="col">Arrived</th>
            <th scope="col">
              <span className="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody ref={body}>
          {images.map((image) => (
            <Row key={image.id} image={image} studyId={studyId} mayRetry={mayRetry} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RowProps {
  image: ImageSummary
  studyId: number
  mayRetry: boolean
}

function Row({ image, studyId, mayRetry }: RowProps) {
  const isEnded = image.status === 'failed' || image.status === 'rejected'
  return (
    <tr data-testid="exam-image" data-status={image.status}>
      <td>{isDoseReport(image) ? 'Dose report' : (viewName(image) ?? 'unknown')}</td>
      <td>
        <StatusBadge tone={toneOf(image.status)}>{statusInWords(image.status)}</StatusBadge>
      </td>
      <td className={table.clip} title={image.originalName}>
        <Link
          to="/images/$imageId"
          params={{ imageId: String(image.id) }}
          search={{ studyId: String(studyId) }}
        >
          {image.originalName}
        </Link>
      </td>
      <td className={`${table.clip} ${styles.reason}`} title={image.reason ?? undefined}>
        {isEnded ? (image.reason ?? 'No reason was recorded.') : ''}
      </td>
      <td className={table.number}>{formatMegabytes(image.byteCount)}</td>
      <td>{formatDateTime(image.createdAt)}</td>
      <td className={table.number}>{isEnded && mayRetry ? <Retry image={image} /> : null}</td>
    </tr>
  )
}

function Retry({ image }: { image: ImageSummary }) {
  const [isBusy, setBusy] = useState(false)
  async function retry(): Promise<void> {
    setBusy(true)
    try {
      await retryJob(image.jobId)
      announceImages({ kind: 'changed', imageIds: [image.id] })
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button
      kind="quiet"
      className={styles.act}
      icon={<RotateCcw />}
      isBusy={isBusy}
      aria-label={`Retry ${image.originalName}`}
      onClick={() => void retry()}
    >
      Retry
    </Button>
  )
}
