import { useRef, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { messageOf } from '@/shared/api/client'
import { isOver, isRetryable } from '@/shared/api/jobs'
import type { Job } from '@/shared/api/types'
import { formatDateTime, formatTimeWithSeconds } from '@/shared/format/dates'
import { jobKindInWords } from '@/shared/format/jobs'
import { useRowKeys } from '@/shared/keys/rowKeys'
import { Button } from '@/shared/ui/Button'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import table from '@/shared/ui/Table.module.css'
import { toast } from '@/shared/ui/Toasts'
import { removeJob, retryOne } from './api'
import { ConfirmRemove } from './confirmations'
import styles from './JobsPage.module.css'

const STATES: Record<Job['state'], string> = {
  pending: 'pending',
  waiting: 'waiting',
  active: 'active',
  delayed: 'delayed',
  completed: 'completed',
  rejected: 'rejected',
  failed: 'failed',
  cancelled: 'taken out',
}

interface JobTableProps {
  jobs: Job[]
  onOpen: (jobId: string) => void
  onReason: (reason: string) => void
}

export function JobTable({ jobs, onOpen, onReason }: JobTableProps) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: ['queues'] })
  useRowKeys(body, 'Jobs')

  function retry(job: Job): void {
    retryOne(job.id)
      .then(() => toast(`${job.id} starts anew.`))
      .catch((error: unknown) => toast(`${job.id}: ${messageOf(error)}`))
      .then(refresh)
      .catch(() => undefined)
  }

  return (
    <>
      <div className={`${table.wrap} ${styles.scroll}`} tabIndex={0} role="group" aria-label="Jobs">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">State</th>
              <th scope="col">Does</th>
              <th scope="col" className={table.number}>
                Attempts
              </th>
              <th scope="col">Reason</th>
              <th scope="col" className={table.number}>
                Image
              </th>
              <th scope="col">Queued</th>
              <th scope="col">Ended</th>
              <th scope="col">
                <span className="visually-hidden">Action</span>
              </th>
            </tr>
          </thead>
          <tbody ref={body}>
            {jobs.map((job) => (
              <JobRow
                key={job.id}
                job={job}
                onOpen={() => onOpen(job.id)}
                onReason={onReason}
                onRetry={() => retry(job)}
                onRemove={() => setRemoving(job.id)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <ConfirmRemove
        jobId={removing}
        onClose={() => setRemoving(null)}
        onConfirm={async () => {
          if (removing === null) return
          await removeJob(removing)
          toast(`${removing} is taken out. The file is kept.`)
          await refresh()
        }}
      />
    </>
  )
}

interface JobRowProps {
  job: Job
  onOpen: () => void
  onReason: (reason: string) => void
  onRetry: () => void
  onRemove: () => void
}

function JobRow({ job, onOpen, onReason, onRetry, onRemove }: JobRowProps) {
  return (
    <tr
      tabIndex={-1}
      data-testid="job-row"
      data-state={job.state}
      onDoubleClick={onOpen}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target === event.currentTarget) onOpen()
      }}
    >
      <td>
        <Button kind="quiet" className={styles.act} title={`${job.id}, ${job.queue}`} onClick={onOpen}>
          {job.id}
        </Button>
      </td>
      <td>
        <StatusBadge tone={toneOf(job.state)}>{STATES[job.state]}</StatusBadge>
      </td>
      <td>{jobKindInWords(job.name)}</td>
      <td className={table.number}>
        {job.attemptsMade} <span className="unit">of {job.attempts}</span>
      </td>
      <td className={table.clip}>
        <Reason job={job} onReason={onReason} />
      </td>
      <td className={table.number}>
        {job.imageId === null ? (
          '–'
        ) : (
          <Link to="/images/$imageId" params={{ imageId: String(job.imageId) }}>
            {job.imageId}
          </Link>
        )}
      </td>
      <td>{formatDateTime(job.createdAt)}</td>
      <td title={job.finishedAt ? formatTimeWithSeconds(job.finishedAt) : undefined}>
        {formatDateTime(job.finishedAt)}
      </td>
      <td className={table.number}>
        {isRetryable(job.state) ? (
          <Button kind="quiet" className={styles.act} aria-label={`Retry ${job.id}`} onClick={onRetry}>
            Retry
          </Button>
        ) : null}
        {isOver(job.state) ? null : (
          <Button kind="quiet" className={styles.act} aria-label={`Take out ${job.id}`} onClick={onRemove}>
            Take out
          </Button>
        )}
      </td>
    </tr>
  )
}

/** The code leads to all jobs that ended for the same reason; the sentence is under the pointer and in the job. */
function Reason({ job, onReason }: { job: Job; onReason: (reason: string) => void }) {
  const code = job.errorCode
  if (code === null) return '–'
  return (
    <Button
      kind="quiet"
      className={styles.act}
      title={job.error ?? undefined}
      aria-label={`Show all with the reason ${code}`}
      onClick={() => onReason(code)}
    >
      {code}
    </Button>
  )
}
