import { useEffect } from 'react'
import { create } from 'zustand'
import { X } from 'lucide-react'
import { Button, IconButton } from '@/shared/ui/Button'
import styles from './Toasts.module.css'

interface Toast {
  id: number
  text: string
  action?: { label: string; run: () => void }
}

const SHOWN_MILLISECONDS = 10_000
let lastId = 0
const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }))

/** Says what was done, and stays for the ten seconds in which it can be undone. */
export function toast(text: string, action?: Toast['action']): void {
  lastId += 1
  const added: Toast = { id: lastId, text, action }
  useToasts.setState((state) => ({ toasts: [...state.toasts.slice(-2), added] }))
}

function dismiss(id: number): void {
  useToasts.setState((state) => ({ toasts: state.toasts.filter((one) => one.id !== id) }))
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts)
  return (
    <div className={styles.stack} role="status" aria-live="polite">
      {toasts.map((one) => (
        <OneToast key={one.id} toast={one} />
      ))}
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
