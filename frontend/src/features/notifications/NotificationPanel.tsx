import type { RefObject } from 'react'
import { Popover } from 'radix-ui'
import { NotificationCentre, type NotificationCentreProps } from './NotificationCentre'
import styles from './NotificationBell.module.css'

interface NotificationPanelProps extends Omit<NotificationCentreProps, 'onClose'> {
  button: RefObject<HTMLElement | null>
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
}

/** What opens below the bell. */
export function NotificationPanel({ button, isOpen, onOpenChange, ...centre }: NotificationPanelProps) {
  return (
    <Popover.Root open={isOpen} onOpenChange={onOpenChange}>
      <Popover.Anchor virtualRef={button} />
      <Popover.Portal>
        <Popover.Content
          className={styles.panel}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Notifications"
          onOpenAutoFocus={(event) => {
            // The panel itself: its first button would mark everything as read by a stray Enter.
            event.preventDefault()
            if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus()
          }}
          onInteractOutside={(event) => {
            // The bell closes what it has opened; closed by the press, it would be opened again by the click.
            if (event.target instanceof Node && button.current?.contains(event.target)) event.preventDefault()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            button.current?.focus()
          }}
        >
          <NotificationCentre {...centre} onClose={() => onOpenChange(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
