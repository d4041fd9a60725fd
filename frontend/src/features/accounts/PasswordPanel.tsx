import { type FormEvent, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import { Button } from '@/shared/ui/Button'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Panel } from '@/shared/ui/Panel'
import { toast } from '@/shared/ui/Toasts'
import styles from './AccountPage.module.css'
import { changePassword, sessionsQuery } from './api'

export function PasswordPanel({ email }: { email: string }) {
  const client = useQueryClient()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setTrouble(null)
    try {
      await changePassword(current, next)
      setCurrent('')
      setNext('')
      toast('The password is changed. All your other sessions have ended.')
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Panel title="Password">
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
        {/* Tells password managers whose password this is. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Field
          label="Present password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          value={next}
          hint="At least 12 characters. Your other sessions end."
          onChange={(event) => setNext(event.target.value)}
        />
        <Button type="submit" isBusy={isBusy}>
          Change password
        </Button>
      </form>
    </Panel>
  )
}
