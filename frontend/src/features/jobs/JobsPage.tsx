import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { messageOf } from '@/shared/api/client'
import type { QueueStats } from '@/shared/api/types'
import { formatDate, formatTimeWithSeconds } from '@/shared/format/dates'
import { Notice } from '@/shared/ui/Notice'
import page from '@/shared/ui/Page.module.css'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import { queueStatsQuery } from './api'
import { JobDialog } from './JobDialog'
import { JobList } from './JobList'
import styles from './JobsPage.module.css'
import { QueueCard } from './QueueCard'
import { QUEUE_NAMES } from './jobSearch'
import { troublesOf } from './queueWords'
import { useLiveQueues } from './useLiveQueues'
import { WorkersPanel } from './WorkersPanel'

/** Every queue, every worker and every job: what waits, what runs, what went wrong, and what to do about it. */
export function JobsPage() {
  const search = useSearch({ from: '/frame/admin-area/admin/jobs' })
  const isLive = useLiveQueues()
  const { data: stats, error, dataUpdatedAt } = useQuery(queueStatsQuery(isLive))
  const [opened, setOpened] = useState<string | null>(null)
  return (
    <div className={page.wide}>
      <PageHead title="Jobs" lead={<ReadAt milliseconds={dataUpdatedAt} isBroken={error !== null} />} />
      {error ? (
        <Notice kind="failed" title="The queues could not be read">
          {messageOf(error)} {stats ? 'What stands below is what was read last.' : ''}
        </Notice>
      ) : null}
      {stats ? <Troubles stats={stats} /> : null}
      <div className={styles.queues}>
        {stats
          ? stats.queues.map((queue) => <QueueCard key={queue.name} queue={queue} />)
          : error
            ? null
            : QUEUE_NAMES.map((name) => <Skeleton key={name} height="24rem" />)}
      </div>
      <JobList search={search} isLive={isLive} onOpen={setOpened} />
      {stats ? <WorkersPanel workers={stats.workers} onOpen={setOpened} /> : null}
      {opened === null ? null : <JobDialog key={opened} jobId={opened} onClose={() => setOpened(null)} />}
    </div>
  )
}

function ReadAt({ milliseconds, isBroken }: { milliseconds: number; isBroken: boolean }) {
  if (milliseconds === 0) return <span> </span>
  const at = new Date(milliseconds).toISOString()
  return (
    <span className="tabular">
      {isBroken ? 'Last read' : 'Live; read'} {formatDate(at)}, {formatTimeWithSeconds(at)}
    </span>
  )
}

function Troubles({ stats }: { stats: QueueStats }) {
  return troublesOf(stats).map((trouble) => (
    <Notice key={trouble.title} kind={trouble.kind} title={trouble.title}>
      {trouble.words}
    </Notice>
  ))
}
