import { type FormEvent, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import { Button } from '@/shared/ui/Button'
import { CopySecret } from '@/shared/ui/CopySecret'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Field, SelectField } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import styles from './AccountPage.module.css'
import { createToken, type TokenScope } from './api'

interface NewTokenDialogProps {
  isAdmin: boolean
  onClose: () => void
  onMade: () => void
}

const SCOPES: readonly { value: TokenScope; label: string }[] = [
  { value: 'read', label: 'read images' },
  { value: 'write', label: 'upload and change' },
  { value: 'admin', label: 'administer' },
]

/** Makes a token and shows it once; the server keeps only its digest. */
export function NewTokenDialog({ isAdmin, onClose, onMade }: NewTokenDialogProps) {
  const [secret, setSecret] = useState<string | null>(null)
  function show(made: string): void {
    setSecret(made)
    onMade()
  }
  return (
    <Dialog isOpen onClose={onClose} title={secret === null ? 'New API token' : 'Your new API token'}>
      {secret === null ? (
        <TokenForm isAdmin={isAdmin} onMade={show} />
      ) : (
        <Secret secret={secret} onClose={onClose} />
      )}
    </Dialog>
  )
}

function TokenForm({ isAdmin, onMade }: { isAdmin: boolean; onMade: (secret: string) => void }) {
  const [name, setName] = useState('')
  const [days, setDays] = useState('90')
  const [scopes, setScopes] = useState<readonly TokenScope[]>(['read'])
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setTrouble(null)
    try {
      const made = await createToken({
        name: name.trim(),
        scopes: [...scopes],
        days: days === '' ? undefined : Number(days),
      })
      onMade(made.token)
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }

  function toggle(scope: TokenScope): void {
    setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope])
  }

  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)}>
      {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
      <Field
        label="Name"
        required
        maxLength={100}
        value={name}
        hint="What uses it, so that you know it again."
        onChange={(event) => setName(event.target.value)}
      />
      <fieldset className={styles.scopes}>
        <legend>It may</legend>
        {SCOPES.filter((scope) => isAdmin || scope.value !== 'admin').map((scope) => (
          <label key={scope.value}>
            <input
              type="checkbox"
              checked={scopes.includes(scope.value)}
              onChange={() => toggle(scope.value)}
            />
            {scope.label}
          </label>
        ))}
      </fieldset>
      <SelectField label="Works for" value={days} onChange={(event) => setDays(event.target.value)}>
        <option value="7">7 days</option>
        <option value="30">30 days</option>
        <option value="90">90 days</option>
        <option value="365">1 year</option>
        <option value="">no end</option>
      </SelectField>
      <DialogActions>
        <Button kind="primary" type="submit" isBusy={isBusy} disabled={scopes.length === 0}>
          Make token
        </Button>
      </DialogActions>
    </form>
  )
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <>
      <Notice kind="working">Copy it now: it is shown only once. Whoever has it can act as you.</Notice>
      <CopySecret secret={secret} testId="token-secret" />
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </>
  )
}
