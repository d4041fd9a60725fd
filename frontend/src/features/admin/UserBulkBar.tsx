import { useState } from 'react'
import { UserCheck, UserX } from 'lucide-react'
import { refusalsInWords } from '@/shared/acts/refusals'
import { type BulkEnd, changeUsers } from '@/shared/api/bulk'
import { messageOf } from '@/shared/api/client'
import type { User } from '@/shared/api/types'
import { formatCount, plural } from '@/shared/format/numbers'
import { useCommands } from '@/shared/keys/commands'
import { ActsBar } from '@/shared/ui/ActsBar'
import { Button } from '@/shared/ui/Button'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { offerUndo, toast } from '@/shared/ui/Toasts'
import { statusBack, undoneInWords } from './statusBack'

interface UserBulkBarProps {
  users: readonly User[]
  onClear: () => void
  onChanged: () => void
}

/** Appears with the first tick. */
export function UserBulkBar(props: UserBulkBarProps) {
  return props.users.length === 0 ? null : <Bar {...props} />
}

function Bar({ users, onClear, onChanged }: UserBulkBarProps) {
  const [isBusy, setBusy] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const waiting = users.filter((user) => user.status !== 'active')
  const active = users.filter((user) => user.status === 'active')
  useCommands([
    { id: 'unselect', title: 'Clear the selection', group: 'Users', keys: ['Escape'], run: onClear },
  ])
  async function approve(): Promise<void> {
    setBusy(true)
    try {
      await change(waiting, 'active', onChanged)
      onClear()
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <ActsBar
        label="Selected users"
        selected={<strong>{formatCount(users.length)} selected</strong>}
        onClear={onClear}
      >
        <Button
          icon={<UserCheck />}
          isBusy={isBusy}
          disabled={waiting.length === 0}
          onClick={() => void approve()}
        >
          Approve {waiting.length > 0 ? formatCount(waiting.length) : ''}
        </Button>
        <Button
          kind="danger"
          icon={<UserX />}
          disabled={isBusy || active.length === 0}
          onClick={() => setAsking(true)}
        >
          Disable {active.length > 0 ? formatCount(active.length) : ''}
        </Button>
      </ActsBar>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Disable ${plural(active.length, 'user')}?`}
        confirmLabel={`Disable ${plural(active.length, 'user')}`}
        onConfirm={async () => {
          await change(active, 'disabled', onChanged)
          onClear()
        }}
      >
        <strong>{namesOf(active)}</strong> {active.length === 1 ? 'is' : 'are'} signed out everywhere at once,
        and uploads under way break off. Images stay.
      </ConfirmDialog>
    </>
  )
}

function namesOf(users: readonly User[]): string {
  const names = users.slice(0, 3).map((user) => user.name)
  const more = users.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
}

/** Done at once. Sign-ins that it ended do not come back by undoing it; the right to sign in does. */
async function change(
  users: readonly User[],
  status: 'active' | 'disabled',
  onChanged: () => void,
): Promise<void> {
  const end = await changeUsers(
    users.map((user) => user.id),
    status,
  )
  onChanged()
  const participle = status === 'active' ? 'approved' : 'disabled'
  const trouble = refusalsInWords(end, 'user', participle)
  if (trouble) toast(trouble)
  if (end.done.length === 0) return
  const done = new Set(end.done)
  const before = users.filter((user) => done.has(user.id))
  offerUndo(`${plural(end.done.length, 'user')} ${participle}.`, async () => {
    const undone = await setBack(before)
    onChanged()
    return refusalsInWords(undone, 'user', 'set back') ?? undoneInWords(before)
  })
}

/** Who was approved cannot be pending again: they are disabled, and may not sign in either. */
async function setBack(users: readonly User[]): Promise<BulkEnd> {
  const end: BulkEnd = { done: [], refused: [] }
  for (const status of ['active', 'disabled'] as const) {
    const ids = users.flatMap((user) => (statusBack(user) === status ? user.id : []))
    if (ids.length === 0) continue
    const { done, refused } = await changeUsers(ids, status)
    end.done.push(...done)
    end.refused.push(...refused)
  }
  return end
}
