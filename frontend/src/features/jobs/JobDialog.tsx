import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { messageOf } from '@/shared/api/client'
import { formatDateTime } from '@/shared/format/dates'
import { attemptsInWords, jobKindInWords, jobStateInWords } from '@/shared/format/jobs'
import { Dialog } from '@/shared/ui/Dialog'
import { Notice } from '@/shared/ui/Notice'
import { Facts } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import { Timeline } from '@/shared/ui/Timeline'
import { jobQuery } from './api'
import styles from './JobsPage.module.css'

/** One job's story, read when somebody asks for it, and live until its end. */
export function JobDialog({ jobId, onClose }: { jobId: string; onClose: () => void }) {
  const { data: job, error } = useQuery(jobQuery(jobId))
  return (
    <Dialog isOpen onClose={onClose} title={jobId} isWide>
      {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
      {job ? (
        <div className={styles.form}>
          <StatusBadge tone={toneOf(job.state)}>{jobStateInWords(job.state)}</StatusBadge>
          <Facts
            facts={[
              ['Does', jobKindInWords(job.name)],
              ['Queue', job.queue],
              [
                'Image',
                job.imageId === null ? null : (
                  <Link key="image" to="/images/$imageId" params={{ imageId: String(job.imageId) }}>
                    {`Image ${job.imageId}`}
                  </Link>
                ),
              ],
              ['Attempts', attemptsInWords(job)],
              ['Reason', job.error],
              ['Code', job.errorCode === null ? null : <code key="code">{job.errorCode}</code>],
              ['Ended', job.finishedAt ? formatDateTime(job.finishedAt) : null],
            ]}
          />
          <h3>What happened</h3>
          <Timeline job={job} withWorkers />
        </div>
      ) : error ? null : (
        <Skeleton height="14rem" />
      )}
    </Dialog>
  )
}
