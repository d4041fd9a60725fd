import { useRef, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import type { User } from '@/shared/api/types'
import { useRowKeys } from '@/shared/keys/rowKeys'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import table from '@/shared/ui/Table.module.css'
import { offerUndo, toast } from '@/shared/ui/Toasts'
import { changeUser } from './api'
import { statusBack, undoneInWords } from './statusBack'
import { UserRow } from './UserRow'
import type { TickedUsers } from './useTickedUsers'
import styles from './UsersPage.module.css'

interface UserTableProps {
  users: User[]
  ownId: number | null
  ticked: TickedUsers
  /** The page before it is still shown while the next one comes. */
  isStale: boolean
  onOpen: (user: User) => void
  onChanged: () => void
}

export function UserTable({ users, ownId, ticked, isStale, onOpen, onChanged }: UserTableProps) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [disabling, setDisabling] = useState<User | null>(null)
  // Nobody takes their own rights away by mistake.
  const selectable = users.filter((user) => user.id !== ownId)
  useRowKeys(body, 'Users')

  async function set(user: User, status: User['status'], said: string): Promise<void> {
    await changeUser(user.id, { status })
    onChanged()
    offerUndo(said, async () => {
      await changeUser(user.id, { status: statusBack(user) })
      onChanged()
      return undoneInWords([user])
    })
  }

  function approve(user: User): void {
    const said = `${user.name} may sign in ${user.status === 'pending' ? 'now' : 'again'}.`
    set(user, 'active', said).catch((error: unknown) => toast(messageOf(error)))
  }

  return (
    <>
      <div
        className={`${table.wrap} ${styles.scroll}`}
        tabIndex={0}
        role="group"
        aria-label="Users"
        aria-busy={isStale}
      >
        <table className={table.table}>
          <HeadRow users={selectable} ticked={ticked} />
          <tbody ref={body}>
            {users.map((user) => (
              <UserRow
                key={user.id}
                user={user}
                isOwn={user.id === ownId}
                isTicked={ticked.has(user.id)}
                onTick={(isRange) => ticked.tick(user, isRange ? selectable : null)}
                onOpen={() => onOpen(user)}
                onApprove={() => approve(user)}
                onDisable={() => setDisabling(user)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <ConfirmDialog
        isOpen={disabling !== null}
        onClose={() => setDisabling(null)}
        title="Disable this user?"
        confirmLabel="Disable"
        onConfirm={async () => {
          if (disabling) await set(disabling, 'disabled', `${disabling.name} can no longer sign in.`)
        }}
      >
        <strong>{disabling?.name}</strong> ({disabling?.email}) is signed out everywhere at once, and uploads
        under way break off. Images stay.
      </ConfirmDialog>
    </>
  )
}

interface TicksProps {
  users: readonly User[]
  ticked: TickedUsers
}

function HeadRow({ users, ticked }: TicksProps) {
  return (
    <thead>
      <tr>
        <th scope="col" className={styles.tick}>
          <TickAll users={users} ticked={ticked} />
        </th>
        <th scope="col">Name</th>
        <th scope="col">E-mail</th>
        <th scope="col">Status</th>
        <th scope="col">Role</th>
        <th scope="col">Last sign-in</th>
        <th scope="col">Since</th>
        <th scope="col">
          <span className="visually-hidden">Action</span>
        </th>
      </tr>
    </thead>
  )
}

/** All of this page, or none of it. */
function TickAll({ users, ticked }: TicksProps) {
  const count = users.filter((user) => ticked.has(user.id)).length
  const isAll = count > 0 && count === users.length
  return (
    <input
      type="checkbox"
      aria-label="Select all users of this page"
      checked={isAll}
      disabled={users.length === 0}
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && !isAll
      }}
      onChange={() => ticked.setAll(users, !isAll)}
    />
  )
}
