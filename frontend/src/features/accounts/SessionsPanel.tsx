import { useQuery, useQueryClient } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import type { OwnSession } from '@/shared/api/types'
import { formatAgo, formatDateTime } from '@/shared/format/dates'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import table from '@/shared/ui/Table.module.css'
import { toast } from '@/shared/ui/Toasts'
import { endSession, sessionsQuery } from './api'
import { browserFamily } from './browserFamily'

/** Where this account is signed in. Ending a session only means signing in again there: no question asked. */
export function SessionsPanel() {
  const client = useQueryClient()
  const { data: sessions, error } = useQuery(sessionsQuery)

  async function end(one: OwnSession): Promise<void> {
    try {
      await endSession(one.id)
      toast('The session has ended; that browser has to sign in again.')
    } catch (problem) {
      toast(messageOf(problem))
    }
    await client.invalidateQueries({ queryKey: sessionsQuery.queryKey })
  }

  return (
    <Panel title="Sessions">
      {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
      {sessions ? (
        <div className={table.wrap} tabIndex={0} role="group" aria-label="Sessions">
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Browser</th>
                <th scope="col">Address</th>
                <th scope="col">Signed in</th>
                <th scope="col">Last seen</th>
                <th scope="col">
                  <span className="visually-hidden">Action</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {sessions.map((one) => (
                <tr key={one.id}>
                  <td title={one.userAgent ?? undefined}>{browserFamily(one.userAgent)}</td>
                  <td>{one.ip ?? '–'}</td>
                  <td>{formatDateTime(one.createdAt)}</td>
                  <td>
                    {formatDateTime(one.lastSeenAt)} <span className="unit">{formatAgo(one.lastSeenAt)}</span>
                  </td>
                  <td className={table.number}>
                    {one.current ? (
                      <span className="unit">this browser</span>
                    ) : (
                      <Button kind="quiet" onClick={() => void end(one)}>
                        End
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : error ? null : (
        <Skeleton height="6rem" />
      )}
    </Panel>
  )
}
