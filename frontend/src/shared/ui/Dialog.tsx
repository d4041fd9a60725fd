import { type ReactNode, useRef, useState } from 'react'
import { AlertDialog, Dialog as Primitive } from 'radix-ui'
import { X } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { Button, IconButton } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import styles from './Dialog.module.css'

/* The backdrop is our own element: the primitive's overlay writes a <style> element, which the content security
   policy forbids. Focus is trapped and given back by the primitive all the same. */

interface DialogProps {
  isOpen: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  isWide?: boolean
  children: ReactNode
}

export function Dialog({ isOpen, onClose, title, description, isWide, children }: DialogProps) {
  const focus = useFocusAndReturn()
  return (
    <Primitive.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Primitive.Portal>
        <div className={styles.backdrop} aria-hidden="true" />
        <Primitive.Content
          className={`${styles.content} ${isWide ? styles.wide : ''}`}
          {...focus}
          {...(description ? {} : { 'aria-describedby': undefined })}
        >
          <header className={styles.head}>
            <Primitive.Title asChild>
              <h2>{title}</h2>
            </Primitive.Title>
            <Primitive.Close asChild>
              <IconButton label="Close" keys="Escape">
                <X />
              </IconButton>
            </Primitive.Close>
          </header>
          {description ? (
            <Primitive.Description asChild>
              <div className={styles.description}>{description}</div>
            </Primitive.Description>
          ) : null}
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}

/**
 * Focus goes to the first field, else to the dialog itself (the close button would only open its tooltip), and
 * back to where it was. The primitive gives it back only to a trigger of its own, and ours open by state.
 */
function useFocusAndReturn() {
  const before = useRef<Element | null>(null)
  return {
    onOpenAutoFocus(event: Event): void {
      before.current = document.activeElement
      const dialog = event.currentTarget
      if (!(dialog instanceof HTMLElement) || dialog.role === 'alertdialog') return
      event.preventDefault()
      const field = dialog.querySelector<HTMLElement>(
        'input:not([hidden]):not(:disabled), select:not(:disabled)',
      )
      ;(field ?? dialog).focus()
    },
    onCloseAutoFocus(event: Event): void {
      event.preventDefault()
      if (before.current instanceof HTMLElement) before.current.focus()
    },
  }
}

interface ConfirmProps {
  isOpen: boolean
  onClose: () => void
  title: string
  children: ReactNode
  confirmLabel: string
  /** The dialog stays open and says why when this throws. */
  onConfirm: () => Promise<void>
}

/** Asked only before what cannot be undone. Cancel has the focus. */
export function ConfirmDialog({ isOpen, onClose, title, children, confirmLabel, onConfirm }: ConfirmProps) {
  const focus = useFocusAndReturn()
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)

  function close(): void {
    setTrouble(null)
    onClose()
  }

  async function confirm(): Promise<void> {
    setBusy(true)
    setTrouble(null)
    try {
      await onConfirm()
      close()
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(open) => (open ? undefined : close())}>
      <AlertDialog.Portal>
        <div className={styles.backdrop} aria-hidden="true" />
        <AlertDialog.Content className={styles.content} aria-modal="true" {...focus}>
          <AlertDialog.Title asChild>
            <h2>{title}</h2>
          </AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className={styles.description}>{children}</div>
          </AlertDialog.Description>
          {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
          <div className={styles.actions}>
            <AlertDialog.Cancel asChild>
              <Button>Cancel</Button>
            </AlertDialog.Cancel>
            <Button kind="danger" isBusy={isBusy} onClick={() => void confirm()}>
              {confirmLabel}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>
}
