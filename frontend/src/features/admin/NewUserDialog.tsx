import { type FormEvent, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import type { Role } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { toast } from '@/shared/ui/Toasts'
import { createUser } from './api'
import { RoleSelect } from './UserDialog'
import styles from './UsersPage.module.css'

export function NewUserDialog({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('user')
  const [password, setPassword] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setTrouble(null)
    try {
      const made = await createUser({
        name: name.trim(),
        email: email.trim(),
        role,
        password: password || undefined,
      })
      onMade()
      toast(`${made.name} is added.`)
      onClose()
    } catch (error) {
      setTrouble(messageOf(error))
      setBusy(false)
    }
  }

  return (
    <Dialog isOpen onClose={onClose} title="Add a user">
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
        <Field
          label="Name"
          required
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label="E-mail"
          type="email"
          required
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <RoleSelect value={role} onChange={setRole} />
        <Field
          label="First password"
          type="password"
          autoComplete="new-password"
          required
          value={password}
          hint="At least 12 characters. Hand it over in person; they can change it under Account."
          onChange={(event) => setPassword(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Add
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
