import { useEffect } from 'react'
import { create } from 'zustand'
import { X } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { useCommands } from '@/shared/keys/commands'
import { Button, IconButton } from '@/shared/ui/Button'
import { UndoToast } from '@/shared/ui/UndoToast'
import styles from './Toasts.module.css'

interface Toast {
  id: number
  text: string
  action?: { label: string; run: () => void }
  undo?: Undo
}

/** Takes back what was done, and says so; null when it has said so itself. */
type Undo = () => Promise<string | null>

const SHOWN_MILLISECONDS = 10_000
/** More would cover the page. Those that can be undone are never pushed out by others. */
const MOST_SHOWN = 3
let lastId = 0
const useToasts = create<{ toasts: (Toast & { untilMilliseconds: number })[] }>(() => ({ toasts: [] }))

/** Says what was done, and stays for the ten seconds in which it can be undone. */
export function toast(text: string, action?: Toast['action']): void {
  add({ text, action })
}

/** The same for what is undone by a button that counts down, or by Ctrl+Z. Leaving the page leaves it done. */
export function offerUndo(text: string, undo: Undo): void {
  add({ text, undo })
}

function add(toast: Omit<Toast, 'id'>): void {
  lastId += 1
  const added = { ...toast, id: lastId, untilMilliseconds: Date.now() + SHOWN_MILLISECONDS }
  useToasts.setState(({ toasts }) => {
    const plain = toasts.filter((one) => one.undo === undefined)
    const dropped = new Set(plain.slice(0, Math.max(0, toasts.length + 1 - MOST_SHOWN)))
    return { toasts: [...toasts.filter((one) => !dropped.has(one)), added] }
  })
}

function dismiss(id: number): void {
  useToasts.setState((state) => ({ toasts: state.toasts.filter((one) => one.id !== id) }))
}

async function undoNow({ id, undo }: Toast): Promise<void> {
  dismiss(id)
  try {
    const said = await undo?.()
    if (said) toast(said)
  } catch (error) {
    toast(messageOf(error))
  }
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts)
  const last = toasts.findLast((one) => one.undo !== undefined)
  useCommands(
    last
      ? [
          {
            id: 'undo',
            title: 'Undo what was just done',
            group: 'Everywhere',
            keys: ['Ctrl+z'],
            run: () => void undoNow(last),
          },
        ]
      : [],
  )
  return (
    <div className={styles.stack} role="status" aria-live="polite">
      {toasts.map((one) =>
        one.undo ? (
          <UndoToast
            key={one.id}
            text={one.text}
            untilMilliseconds={one.untilMilliseconds}
            onUndo={() => void undoNow(one)}
            onEnd={() => dismiss(one.id)}
          />
        ) : (
          <OneToast key={one.id} toast={one} />
        ),
      )}
    </div>
  )
}

function OneToast({ toast: { id, text, action } }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), SHOWN_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [id])
  function act(): void {
    action?.run()
    dismiss(id)
  }
  return (
    <div className={styles.toast}>
      <span>{text}</span>
      {action ? (
        <Button kind="quiet" onClick={act}>
          {action.label}
        </Button>
      ) : null}
      <IconButton label="Dismiss" onClick={() => dismiss(id)}>
        <X />
      </IconButton>
    </div>
  )
}
