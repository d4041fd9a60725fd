import { useState } from 'react'
import type { UseInfiniteQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BellOff } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import type { News } from '@/shared/api/types'
import { plural } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Notice } from '@/shared/ui/Notice'
import { Skeleton } from '@/shared/ui/Skeleton'
import { toast } from '@/shared/ui/Toasts'
import { markRead } from './api'
import { groupNews } from './news'
import styles from './NotificationBell.module.css'
import { NewsLine, ReadyGroup } from './NewsLine'

export interface NotificationCentreProps {
  news: News[] | undefined
  unread: number
  query: Pick<
    UseInfiniteQueryResult,
    'error' | 'refetch' | 'hasNextPage' | 'fetchNextPage' | 'isFetchingNextPage'
  >
  onClose: () => void
}

export function NotificationCentre({ news, unread, query, onClose }: NotificationCentreProps) {
  return (
    <>
      <header className={styles.head}>
        <h2>Notifications</h2>
        <ReadButton newest={news?.[0]} unread={unread} onDone={() => void query.refetch()} />
      </header>
      {query.error ? (
        <Notice
          kind="failed"
          title="The news could not be read"
          action={<Button onClick={() => void query.refetch()}>Try again</Button>}
        >
          {messageOf(query.error)}
        </Notice>
      ) : null}
      {news === undefined && !query.error ? <Skeleton height="12rem" /> : null}
      {news?.length === 0 ? (
        <EmptyState icon={<BellOff />} title="Nothing to tell yet">
          When one of your uploads is ready, or cannot be shown, it says so here.
        </EmptyState>
      ) : null}
      {news && news.length > 0 ? (
        <ul className={styles.list} aria-label="News" data-testid="news">
          {groupNews(news).map((entry) =>
            entry.kind === 'one' ? (
              <NewsLine key={`${entry.news.jobId} ${entry.news.at}`} news={entry.news} onLeave={onClose} />
            ) : (
              <ReadyGroup key={entry.key} news={entry.news} isUnread={entry.isUnread} onLeave={onClose} />
            ),
          )}
        </ul>
      ) : null}
      <footer className={styles.foot}>
        {query.hasNextPage ? (
          <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older
          </Button>
        ) : null}
        <Link to="/uploads" className={styles.link} onClick={onClose}>
          My uploads
        </Link>
        <Link to="/account" hash="notifications" className={styles.link} onClick={onClose}>
          E-mail and webhook
        </Link>
      </footer>
    </>
  )
}

interface ReadButtonProps {
  newest: News | undefined
  unread: number
  onDone: () => void
}

/** Up to the newest that is shown: what ends while one looks stays unread. */
function ReadButton({ newest, unread, onDone }: ReadButtonProps) {
  const [isBusy, setBusy] = useState(false)
  async function read(upTo: string): Promise<void> {
    setBusy(true)
    try {
      await markRead(upTo)
      onDone()
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (!newest) return null
  if (unread === 0) return <span className="unit">All read</span>
  return (
    <Button
      kind="quiet"
      isBusy={isBusy}
      aria-label={`Mark all as read: ${plural(unread, 'unread one')}`}
      onClick={() => void read(newest.at)}
    >
      Mark all as read
    </Button>
  )
}
