import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RotateCcw } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { retryJob } from '@/shared/api/jobs'
import { meQuery, queryClient } from '@/shared/api/queries'
import type { News } from '@/shared/api/types'
import { formatAgo, formatDateTime } from '@/shared/format/dates'
import { plural } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { StatusBadge, type StatusTone } from '@/shared/ui/StatusBadge'
import { toast } from '@/shared/ui/Toasts'
import { newsQuery } from './api'
import { isTakenOut, nameOf, outcomeInWords } from './news'
import styles from './NotificationBell.module.css'

const WORDS: Record<News['state'], string> = { ready: 'Ready', rejected: 'Rejected', failed: 'Failed' }

interface NewsLineProps {
  news: News
  /** Called when a link leads away from the centre. */
  onLeave: () => void
}

export function NewsLine({ news, onLeave }: NewsLineProps) {
  const tone: StatusTone = isTakenOut(news) ? 'unknown' : news.state
  const isOwnEnd = news.kind === 'convert_dicom' || news.kind === 'render_picture'
  return (
    <li className={styles.line} data-unread={news.unread || undefined} data-testid="news-line">
      <div className={styles.top}>
        <StatusBadge tone={tone}>{isTakenOut(news) ? 'Taken out' : WORDS[news.state]}</StatusBadge>
        <UnreadMark isUnread={news.unread} />
        <time dateTime={news.at} className={styles.at}>
          {formatDateTime(news.at)} · {formatAgo(news.at)}
        </time>
      </div>
      {news.fileName === null ? (
        <span>{nameOf(news)}</span>
      ) : (
        <Link
          to="/images/$imageId"
          params={{ imageId: String(news.imageId) }}
          className={styles.name}
          onClick={onLeave}
        >
          {news.fileName}
        </Link>
      )}
      {isOwnEnd ? null : <p className={styles.reason}>{`${outcomeInWords(news)}.`}</p>}
      {news.reason ? <p className={styles.reason}>{news.reason}</p> : null}
      {news.state !== 'ready' && news.fileName !== null ? <Retry news={news} /> : null}
    </li>
  )
}

function UnreadMark({ isUnread }: { isUnread: boolean }) {
  return isUnread ? <span className={styles.new}>new</span> : null
}

/** It leaves the list at once, and comes back with its new end. */
function Retry({ news }: { news: News }) {
  const { data: me } = useQuery(meQuery)
  const [isBusy, setBusy] = useState(false)
  if (me?.capabilities.correct !== true) return null
  async function retry(): Promise<void> {
    setBusy(true)
    try {
      await retryJob(news.jobId)
      toast(`${nameOf(news)} is tried again.`)
      announceImages({ kind: 'changed', imageIds: [news.imageId] })
    } catch (error) {
      toast(`${nameOf(news)}: ${messageOf(error)}`)
    }
    await queryClient.invalidateQueries({ queryKey: newsQuery.queryKey })
    setBusy(false)
  }
  return (
    <div>
      <Button
        className={styles.retry}
        icon={<RotateCcw />}
        isBusy={isBusy}
        aria-label={`Retry ${nameOf(news)}`}
        onClick={() => void retry()}
      >
        Retry
      </Button>
    </div>
  )
}

interface ReadyGroupProps {
  news: readonly News[]
  isUnread: boolean
  onLeave: () => void
}

export function ReadyGroup({ news, isUnread, onLeave }: ReadyGroupProps) {
  const newest = news[0]
  const oldest = news.at(-1)
  return (
    <li className={styles.line} data-unread={isUnread || undefined} data-testid="news-line">
      <div className={styles.top}>
        <StatusBadge tone="ready">Ready</StatusBadge>
        <UnreadMark isUnread={isUnread} />
        <time dateTime={newest?.at} className={styles.at}>
          {formatDateTime(newest?.at)} · {formatAgo(newest?.at)}
        </time>
      </div>
      <Link to="/uploads" search={{ status: 'ready' }} className={styles.name} onClick={onLeave}>
        {plural(news.length, 'image')}
      </Link>
      <p className={styles.reason}>
        From {oldest ? nameOf(oldest) : ''} to {newest ? nameOf(newest) : ''}.
      </p>
    </li>
  )
}
