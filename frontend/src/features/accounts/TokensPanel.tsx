import { useState } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import type { ApiToken } from '@/shared/api/types'
import { formatDate, formatDateTime } from '@/shared/format/dates'
import { Button } from '@/shared/ui/Button'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { Notice } from '@/shared/ui/Notice'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import table from '@/shared/ui/Table.module.css'
import styles from './AccountPage.module.css'
import { revokeToken, tokensQuery } from './api'
import { NewTokenDialog } from './NewTokenDialog'

export function TokensPanel({ isAdmin }: { isAdmin: boolean }) {
  const client = useQueryClient()
  const { data: tokens, error } = useQuery(tokensQuery)
  const [isMaking, setMaking] = useState(false)
  const [leaving, setLeaving] = useState<ApiToken | null>(null)
  const refresh = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey })

  return (
    <Panel
      title="API tokens"
      actions={
        <Button icon={<Plus />} onClick={() => setMaking(true)}>
          New token
        </Button>
      }
    >
      <p className={styles.quiet}>
        For scripts: <code>Authorization: Bearer …</code> works everywhere on the API. See the{' '}
        <a href="/api/docs">description of the API</a>.
      </p>
      {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
      {tokens ? (
        <TokenTable tokens={tokens} onRevoke={setLeaving} />
      ) : error ? null : (
        <Skeleton height="4rem" />
      )}
      {isMaking ? (
        <NewTokenDialog isAdmin={isAdmin} onClose={() => setMaking(false)} onMade={() => void refresh()} />
      ) : null}
      <ConfirmDialog
        isOpen={leaving !== null}
        onClose={() => setLeaving(null)}
        title="Revoke this token?"
        confirmLabel="Revoke"
        onConfirm={async () => {
          if (leaving) await revokeToken(leaving.id)
          await refresh()
        }}
      >
        Scripts that use <strong>{leaving?.name}</strong> stop working at once. This cannot be undone.
      </ConfirmDialog>
    </Panel>
  )
}

function TokenTable({ tokens, onRevoke }: { tokens: ApiToken[]; onRevoke: (token: ApiToken) => void }) {
  if (tokens.length === 0)
    return <p className={styles.quiet}>No tokens yet. A new one is shown here after you make it.</p>
  return (
    <div className={table.wrap} tabIndex={0} role="group" aria-label="API tokens">
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Begins with</th>
            <th scope="col">May</th>
            <th scope="col">Expires</th>
            <th scope="col">Last used</th>
            <th scope="col">
              <span className="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <td className={table.clip}>{token.name}</td>
              <td>
                <code>{token.prefix}…</code>
              </td>
              <td>{token.scopes.join(', ')}</td>
              <td>{token.expiresAt ? formatDate(token.expiresAt) : 'never'}</td>
              <td>{token.lastUsedAt ? formatDateTime(token.lastUsedAt) : 'never'}</td>
              <td className={table.number}>
                <Button kind="quiet" aria-label={`Revoke ${token.name}`} onClick={() => onRevoke(token)}>
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
