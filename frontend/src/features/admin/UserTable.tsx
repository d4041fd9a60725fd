import { useRef, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import type { User } from '@/shared/api/types'
import { useRowKeys } from '@/shared/keys/rowKeys'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import table from '@/shared/ui/Table.module.css'
import { toast } from '@/shared/ui/Toasts'
import { changeUser } from './api'
import { UserRow } from './UserRow'
import styles from './UsersPage.module.css'

interface UserTableProps {
  users: User[]
  ownId: number | null
  onOpen: (user: User) => void
  onChanged: () => void
}

export function UserTable({ users, ownId, onOpen, onChanged }: UserTableProps) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [disabling, setDisabling] = useState<User | null>(null)
  useRowKeys(body, 'Users')

  async function set(user: User, status: User['status'], said: string): Promise<void> {
    const before = user.status
    await changeUser(user.id, { status })
    onChanged()
    toast(said, { label: 'Undo', run: () => void changeUser(user.id, { status: before }).then(onChanged) })
  }

  function approve(user: User): void {
    const said = `${user.name} may sign in ${user.status === 'pending' ? 'now' : 'again'}.`
    set(user, 'active', said).catch((error: unknown) => toast(messageOf(error)))
  }

  return (
    <>
      <div className={`${table.wrap} ${styles.scroll}`} tabIndex={0} role="group" aria-label="Users">
        <table className={table.table}>
          <thead>
            <tr>
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
          <tbody ref={body}>
            {users.map((user) => (
              <UserRow
                key={user.id}
                user={user}
                isOwn={user.id === ownId}
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
