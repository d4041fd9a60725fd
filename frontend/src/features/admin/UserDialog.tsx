import { type FormEvent, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import type { Role, User, UserStatus } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { Button } from '@/shared/ui/Button'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Field, SelectField } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Facts } from '@/shared/ui/Panel'
import { toast } from '@/shared/ui/Toasts'
import { changeUser, type UserChange } from './api'
import styles from './UsersPage.module.css'

interface UserDialogProps {
  user: User
  isOwn: boolean
  onClose: () => void
  onChanged: () => void
}

/** One user, to read and to change. Taking rights away says first what follows. */
export function UserDialog({ user, isOwn, onClose, onChanged }: UserDialogProps) {
  const [name, setName] = useState(user.name)
  const [role, setRole] = useState<Role>(user.role)
  const [status, setStatus] = useState<UserStatus>(user.status)
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const change = differenceFrom(user, { name: name.trim(), role, status })
  const consequence = consequenceOf(user, role, status)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setTrouble(null)
    try {
      await changeUser(user.id, change)
      onChanged()
      toast(`${user.name} is changed.`)
      onClose()
    } catch (error) {
      setTrouble(messageOf(error))
      setBusy(false)
    }
  }

  return (
    <Dialog isOpen onClose={onClose} title={user.name} description={user.email}>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
        <Field label="Name" required value={name} onChange={(event) => setName(event.target.value)} />
        <RoleSelect value={role} onChange={setRole} disabled={isOwn} />
        <SelectField
          label="Status"
          value={status}
          disabled={isOwn}
          onChange={(event) => setStatus(event.target.value as UserStatus)}
        >
          {user.status === 'pending' ? <option value="pending">Pending</option> : null}
          <option value="active">Active</option>
          <option value="disabled">Disabled</option>
        </SelectField>
        {isOwn ? (
          <p className="unit">Your own role and status only another administrator can change.</p>
        ) : null}
        {consequence ? <Notice kind="working">{consequence}</Notice> : null}
        <Facts
          facts={[
            ['Member since', formatDateTime(user.createdAt)],
            ['Last sign-in', user.lastLoginAt ? formatDateTime(user.lastLoginAt) : 'never'],
            ['Last activity', user.lastActivityAt ? formatDateTime(user.lastActivityAt) : 'never'],
          ]}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy} disabled={Object.keys(change).length === 0}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function differenceFrom(user: User, next: { name: string; role: Role; status: UserStatus }): UserChange {
  return {
    ...(next.name !== user.name ? { name: next.name } : {}),
    ...(next.role !== user.role ? { role: next.role } : {}),
    ...(next.status !== user.status ? { status: next.status } : {}),
  }
}

function consequenceOf(user: User, role: Role, status: UserStatus): string | null {
  if (status === 'disabled' && user.status !== 'disabled')
    return 'They are signed out everywhere at once. Images stay.'
  if (role === 'admin' && user.role !== 'admin')
    return 'Administrators see every image and may change every account.'
  if (user.role === 'admin' && role !== 'admin')
    return 'They lose the administration at once, in open pages too.'
  if (role === 'user' && user.role !== 'user') return 'They will see only their own uploads.'
  return null
}

interface RoleSelectProps {
  value: Role
  onChange: (role: Role) => void
  disabled?: boolean
}

export function RoleSelect({ value, onChange, disabled }: RoleSelectProps) {
  return (
    <SelectField
      label="Role"
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value as Role)}
    >
      <option value="user">User: uploads, sees own uploads</option>
      <option value="technologist">Technologist: uploads, sees and corrects every image</option>
      <option value="radiologist">Radiologist: sees every image</option>
      <option value="admin">Administrator: everything</option>
    </SelectField>
  )
}
