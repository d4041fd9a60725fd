import { useState } from 'react'
import { Popover } from 'radix-ui'
import { Bell } from 'lucide-react'
import { plural } from '@/shared/format/numbers'
import { useCommands } from '@/shared/keys/commands'
import { iconButtonClass } from '@/shared/ui/Button'
import { Tooltip } from '@/shared/ui/Tooltip'
import { keepFirstPage } from './api'
import { badgeOf } from './news'
import styles from './NotificationBell.module.css'
import { NotificationCentre } from './NotificationCentre'
import { useNews, useTroublesInWords } from './useNews'

/** The bell in the top bar: how many of one's uploads have ended unseen, and what became of them. */
export function NotificationBell() {
  const { news, unread, query } = useNews()
  const [isOpen, setOpen] = useState(false)
  const said = useTroublesInWords(news)
  useCommands([
    {
      id: 'notifications',
      title: 'Notifications',
      group: 'Everywhere',
      keys: ['n'],
      run: () => setOpen(true),
    },
  ])
  function change(open: boolean): void {
    setOpen(open)
    if (!open) keepFirstPage()
  }
  const label = unread === 0 ? 'Notifications' : `Notifications, ${plural(unread, 'unread one')}`
  return (
    <Popover.Root open={isOpen} onOpenChange={change}>
      <Tooltip label="Notifications" keys="n">
        <Popover.Trigger asChild>
          <button type="button" className={`${iconButtonClass()} ${styles.bell}`} aria-label={label}>
            <Bell aria-hidden="true" />
            {unread > 0 ? (
              <span className={styles.badge} aria-hidden="true" data-testid="unread">
                {badgeOf(unread)}
              </span>
            ) : null}
          </button>
        </Popover.Trigger>
      </Tooltip>
      <div className="visually-hidden" role="status" aria-live="polite" data-testid="troubles">
        {said}
      </div>
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
        >
          <NotificationCentre news={news} unread={unread} query={query} onClose={() => change(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
