import { useRef, useState } from 'react'
import { Bell } from 'lucide-react'
import { plural } from '@/shared/format/numbers'
import { useCommands } from '@/shared/keys/commands'
import { iconButtonClass } from '@/shared/ui/Button'
import { fetchedAhead, useLater } from '@/shared/ui/later'
import { Tooltip } from '@/shared/ui/Tooltip'
import { keepFirstPage } from './api'
import { badgeOf } from './news'
import styles from './NotificationBell.module.css'
import { useNews, useTroublesInWords } from './useNews'

const loadPanel = () => import('./NotificationPanel')

/** The bell in the top bar: how many of one's uploads have ended unseen, and what became of them. */
export function NotificationBell() {
  const { news, unread, query } = useNews()
  const button = useRef<HTMLButtonElement>(null)
  const [isOpen, setOpen] = useState(false)
  const [isWanted, setWanted] = useState(false)
  const panel = useLater(loadPanel, isWanted)
  const said = useTroublesInWords(news)
  useCommands([
    {
      id: 'notifications',
      title: 'Notifications',
      group: 'Everywhere',
      keys: ['n'],
      run: () => change(true),
    },
  ])
  function change(open: boolean): void {
    setWanted(true)
    setOpen(open)
    if (!open) keepFirstPage()
  }
  const label = unread === 0 ? 'Notifications' : `Notifications, ${plural(unread, 'unread one')}`
  return (
    <>
      <Tooltip label="Notifications" keys="n">
        <button
          ref={button}
          type="button"
          className={`${iconButtonClass()} ${styles.bell}`}
          aria-label={label}
          aria-haspopup="dialog"
          aria-expanded={isOpen}
          onPointerEnter={fetchedAhead(loadPanel)}
          onFocus={fetchedAhead(loadPanel)}
          onClick={() => change(!isOpen)}
        >
          <Bell aria-hidden="true" />
          {unread > 0 ? (
            <span className={styles.badge} aria-hidden="true" data-testid="unread">
              {badgeOf(unread)}
            </span>
          ) : null}
        </button>
      </Tooltip>
      <div className="visually-hidden" role="status" aria-live="polite" data-testid="troubles">
        {said}
      </div>
      {panel ? (
        <panel.NotificationPanel
          button={button}
          isOpen={isOpen}
          onOpenChange={change}
          news={news}
          unread={unread}
          query={query}
        />
      ) : null}
    </>
  )
}
