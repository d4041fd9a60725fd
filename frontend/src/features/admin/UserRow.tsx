import { Link } from '@tanstack/react-router'
import type { User } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { Button } from '@/shared/ui/Button'
import { StatusBadge, type StatusTone } from '@/shared/ui/StatusBadge'
import table from '@/shared/ui/Table.module.css'
import styles from './UsersPage.module.css'

const TONES: Record<User['status'], StatusTone> = { pending: 'working', active: 'ready', disabled: 'unknown' }
const ROLE_WORDS: Record<User['role'], string> = {
  admin: 'Admin',
  radiologist: 'Radiologist',
  technologist: 'Technologist',
  user: 'User',
}

interface UserRowProps {
  user: User
  isOwn: boolean
  isTicked: boolean
  onTick: (isRange: boolean) => void
  onOpen: () => void
  onApprove: () => void
  onDisable: () => void
}

export function UserRow({ user, isOwn, isTicked, onTick, onOpen, onApprove, onDisable }: UserRowProps) {
  return (
    <tr
      tabIndex={-1}
      data-testid="user-row"
      data-ticked={isTicked || undefined}
      onDoubleClick={onOpen}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return
        if (event.key === 'Enter') onOpen()
        if (event.key === ' ' && !isOwn) {
          event.preventDefault()
          onTick(event.shiftKey)
        }
      }}
    >
      <td className={styles.tick}>
        {isOwn ? null : (
          <input
            type="checkbox"
            aria-label={`Select ${user.name}`}
            checked={isTicked}
            onChange={(event) =>
              onTick(event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)
            }
          />
        )}
      </td>
      <td className={table.clip} title={user.name}>
        <Link to="/analytics/users/$userId" params={{ userId: String(user.id) }} className={styles.name}>
          {user.name}
        </Link>{' '}
        {isOwn ? <span className="unit">you</span> : null}
      </td>
      <td className={table.clip} title={user.email}>
        {user.email}
      </td>
      <td>
        <StatusBadge tone={TONES[user.status]}>{user.status}</StatusBadge>
      </td>
      <td>{ROLE_WORDS[user.role]}</td>
      <td>{user.lastLoginAt ? formatDateTime(user.lastLoginAt) : 'never'}</td>
      <td>{formatDateTime(user.createdAt)}</td>
      <td className={table.number}>
        {user.status === 'active' ? null : (
          <Button kind="quiet" className={styles.act} onClick={onApprove}>
            {user.status === 'pending' ? 'Approve' : 'Switch on'}
          </Button>
        )}
        {user.status === 'active' && !isOwn ? (
          <Button kind="quiet" className={styles.act} onClick={onDisable}>
            Disable
          </Button>
        ) : null}
        <Button kind="quiet" className={styles.act} aria-label={`Edit ${user.name}`} onClick={onOpen}>
          Edit
        </Button>
      </td>
    </tr>
  )
}
