import type { QueueWorker } from '@/shared/api/types'
import { formatAgo, formatDateTime } from '@/shared/format/dates'
import { formatMegabytes } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { Panel } from '@/shared/ui/Panel'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import table from '@/shared/ui/Table.module.css'
import styles from './JobsPage.module.css'
import { queuesOf, sortWorkers, workerStanding } from './queueWords'

interface WorkersPanelProps {
  workers: readonly QueueWorker[]
  onOpen: (jobId: string) => void
}

export function WorkersPanel({ workers, onOpen }: WorkersPanelProps) {
  return (
    <Panel title="Workers">
      {workers.length === 0 ? (
        <p className="unit">No worker has ever given a sign of life here.</p>
      ) : (
        <div className={table.wrap} tabIndex={0} role="group" aria-label="Workers">
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Host</th>
                <th scope="col" className={table.number}>
                  Process
                </th>
                <th scope="col">Version</th>
                <th scope="col">Queues × jobs at once</th>
                <th scope="col">In hand</th>
                <th scope="col" className={table.number}>
                  Memory
                </th>
                <th scope="col">Last sign of life</th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody>
              {sortWorkers(workers).map((worker) => (
                <WorkerRow key={worker.id} worker={worker} onOpen={onOpen} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function WorkerRow({ worker, onOpen }: { worker: QueueWorker; onOpen: (jobId: string) => void }) {
  const standing = workerStanding(worker)
  return (
    <tr data-testid="worker-row">
      <td>
        <StatusBadge tone={standing.tone}>{standing.word}</StatusBadge>
      </td>
      <td className={table.clip} title={worker.host}>
        {worker.host}
      </td>
      <td className={table.number}>{worker.pid}</td>
      <td>{worker.version}</td>
      <td>{queuesOf(worker)}</td>
      <td>
        {worker.currentJobs.length === 0 ? <span className="unit">nothing</span> : null}
        {worker.currentJobs.map((jobId) => (
          <Button key={jobId} kind="quiet" className={styles.act} onClick={() => onOpen(jobId)}>
            {jobId}
          </Button>
        ))}
      </td>
      <td className={table.number}>{formatMegabytes(worker.memoryBytes)}</td>
      <td>
        {formatDateTime(worker.seenAt)} <span className="unit">{formatAgo(worker.seenAt)}</span>
      </td>
      <td>{formatDateTime(worker.startedAt)}</td>
    </tr>
  )
}
