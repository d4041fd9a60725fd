import { useQuery } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import type { Job } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { attemptsInWords } from '@/shared/format/jobs'
import { Notice } from '@/shared/ui/Notice'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import table from '@/shared/ui/Table.module.css'
import { deliveriesQuery } from './api'
import styles from './NotificationSettingsPanel.module.css'

const WAYS: Record<string, string> = { notify_email: 'E-mail', notify_webhook: 'Webhook' }
const STATES: Record<Job['state'], string> = {
  pending: 'Queued',
  waiting: 'Queued',
  active: 'Under way',
  completed: 'Delivered',
  failed: 'Not delivered',
  rejected: 'Not delivered',
  cancelled: 'Taken out',
  delayed: 'Tried again soon',
}

/** The newest calls and e-mails; none is no table. */
export function DeliveriesTable() {
  const { data: deliveries, error } = useQuery(deliveriesQuery)
  if (error) return <Notice kind="failed">{messageOf(error)}</Notice>
  if (!deliveries || deliveries.length === 0) return null
  return (
    <section className={styles.form} aria-label="Sent lately">
      <h3>Sent lately</h3>
      <div className={table.wrap} tabIndex={0} role="group" aria-label="Sent lately">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">By</th>
              <th scope="col">State</th>
              <th scope="col">Attempts</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            {deliveries.map((job) => (
              <tr key={job.id} data-testid="delivery-row">
                <td>{formatDateTime(job.finishedAt ?? job.createdAt)}</td>
                <td>{WAYS[job.name] ?? job.name}</td>
                <td>
                  <StatusBadge tone={toneOf(job.state)}>{STATES[job.state]}</StatusBadge>
                </td>
                <td>{attemptsInWords(job) ?? '–'}</td>
                <td className={table.clip} title={job.error ?? undefined}>
                  {job.error ?? '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
