import { type FormEvent, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import type { Queue } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import styles from './JobsPage.module.css'

const MOST = 64

interface ConcurrencyDialogProps {
  queue: Queue
  onClose: () => void
  onSave: (concurrency: number | null) => Promise<void>
}

export function ConcurrencyDialog({ queue, onClose, onSave }: ConcurrencyDialogProps) {
  const [text, setText] = useState(queue.concurrency === null ? '' : String(queue.concurrency))
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)

  async function save(concurrency: number | null): Promise<void> {
    setBusy(true)
    setTrouble(null)
    try {
      await onSave(concurrency)
      onClose()
    } catch (error) {
      setTrouble(messageOf(error))
      setBusy(false)
    }
  }
  function submit(event: FormEvent): void {
    event.preventDefault()
    void save(Number(text))
  }

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Concurrency of ${queue.name}`}
      description={
        queue.concurrency === null
          ? 'At present each worker follows its own settings.'
          : `At present ${queue.concurrency} at once in each worker.`
      }
    >
      <form className={styles.form} onSubmit={submit}>
        {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
        <Field
          label="Jobs at once in each worker"
          type="number"
          inputMode="numeric"
          required
          min={1}
          max={MOST}
          step={1}
          value={text}
          hint={`1 to ${MOST}. More than the worker has cores only helps when they wait for storage. Workers follow within seconds.`}
          onChange={(event) => setText(event.target.value)}
        />
        <DialogActions>
          {queue.concurrency === null ? null : (
            <Button kind="quiet" isBusy={isBusy} onClick={() => void save(null)}>
              Follow the workers’ settings
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
