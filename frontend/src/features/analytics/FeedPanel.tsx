import { useEffect, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Pause, Play } from 'lucide-react'
import { queryClient, reread } from '@/shared/api/queries'
import { Button } from '@/shared/ui/Button'
import { RemovableChip } from '@/shared/ui/Chips'
import { SelectField } from '@/shared/ui/Field'
import { KeysetPager, type PagePlace } from '@/shared/ui/KeysetPager'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import styles from './AnalyticsPage.module.css'
import type { RangeQuery } from '@/shared/range/rangeSearch'
import type { AnalyticsSearch } from './analyticsSearch'
import { csvLink, type FeedFilters, feedQuery } from './api'
import { CsvLink } from '@/shared/charts/ChartFrame'
import { countNewer, FEED_ROWS_MAX, withNewer } from './feed'
import { FeedTable } from './FeedTable'
import { PersonFilter } from './PersonFilter'
import { onActivities, useStream } from './stream'
import { Unread } from '@/shared/ui/Unread'
import { KNOWN_TYPES, typeInWords } from './words'

interface FeedPanelProps {
  search: AnalyticsSearch
  range: RangeQuery
  onChange: (change: Pick<AnalyticsSearch, 'user' | 'type' | 'cursor' | 'direction'>) => void
}

/** What people do, as they do it. */
export function FeedPanel({ search, range, onChange }: FeedPanelProps) {
  const filters: FeedFilters = { userId: search.user, type: search.type }
  const place: PagePlace = { cursor: search.cursor, direction: search.direction }
  const isNewest = search.cursor === undefined
  const [isPaused, setPaused] = useState(false)
  const live = useLiveFeed(filters, isNewest && !isPaused)
  const { data: page, error, refetch } = useQuery(feedQuery(filters, place))
  const person = page?.activities.find(({ userId }) => String(userId) === search.user)
  const go = (change: FeedFilters) => onChange({ user: search.user, type: search.type, ...toSearch(change) })
  return (
    <Panel
      title="Recent activity"
      actions={
        <div className={`${styles.feedActs} no-print`}>
          <LiveButton
            isPaused={isPaused}
            isNewest={isNewest}
            waiting={live.waiting}
            onToggle={() => {
              setPaused(!isPaused)
              if (isPaused) live.catchUp()
            }}
          />
          <CsvLink
            href={csvLink('activity/recent', { ...range, ...filters })}
            what="All activities of these days"
          />
        </div>
      }
    >
      <FeedFilterBar search={search} name={person?.userName ?? null} onGo={go} />
      {error ? (
        <Unread what="The feed" error={error} hasOld={page !== undefined} onAgain={() => void refetch()} />
      ) : null}
      {page === undefined && !error ? <Skeleton height="26rem" /> : null}
      {page?.activities.length === 0 ? (
        <p className={styles.empty}>
          {search.user || search.type ? 'Nothing fits these filters.' : 'Nothing has happened yet.'}
        </p>
      ) : null}
      {page && page.activities.length > 0 ? (
        <FeedTable
          label="Recent activity"
          isLive
          activities={page.activities}
          tz={range.tz}
          onOnly={(userId) => go({ userId: String(userId) })}
        />
      ) : null}
      {page ? (
        <div className="no-print">
          <KeysetPager
            group="Activity"
            page={page}
            isFirst={isNewest}
            onGo={(to) => onChange({ user: search.user, type: search.type, ...to })}
          />
        </div>
      ) : null}
    </Panel>
  )
}

interface FeedFilterBarProps {
  search: AnalyticsSearch
  /** Of the person whose activities alone are shown, once it is known. */
  name: string | null
  onGo: (change: FeedFilters) => void
}

function FeedFilterBar({ search, name, onGo }: FeedFilterBarProps) {
  return (
    <div className={`${styles.filters} no-print`}>
      <PersonFilter onChoose={(userId) => onGo({ userId })} />
      <SelectField
        label="Activity"
        className={styles.type}
        value={search.type ?? ''}
        onChange={(event) => onGo({ type: event.target.value || undefined })}
      >
        <option value="">All</option>
        {[...new Set([...KNOWN_TYPES, ...(search.type ? [search.type] : [])])].map((type) => (
          <option key={type} value={type}>
            {typeInWords(type)}
          </option>
        ))}
      </SelectField>
      {search.user ? (
        <RemovableChip onRemove={() => onGo({ userId: undefined })}>
          {name ?? `User ${search.user}`}
        </RemovableChip>
      ) : null}
    </div>
  )
}

/** Other filters begin at their newest page again. */
function toSearch(change: FeedFilters): Pick<AnalyticsSearch, 'user' | 'type'> {
  return {
    ...('userId' in change ? { user: change.userId } : {}),
    ...('type' in change ? { type: change.type } : {}),
  }
}

interface LiveButtonProps {
  isPaused: boolean
  isNewest: boolean
  waiting: number
  onToggle: () => void
}

function LiveButton({ isPaused, isNewest, waiting, onToggle }: LiveButtonProps) {
  const isLive = useStream((state) => state.isLive)
  if (!isNewest) return <span className={styles.quiet}>Older page: not live</span>
  return (
    <>
      <span className={styles.quiet} role="status">
        {isPaused ? (waiting > 0 ? `${waiting} newer` : 'Paused') : isLive ? 'Live' : 'Not live'}
      </span>
      <Button kind="quiet" icon={isPaused ? <Play /> : <Pause />} onClick={onToggle}>
        {isPaused ? 'Go on' : 'Pause'}
      </Button>
    </>
  )
}

/** Puts what comes on top of the newest page, or counts it while the feed stands still. */
function useLiveFeed({ userId, type }: FeedFilters, isFlowing: boolean) {
  const [waiting, setWaiting] = useState(0)
  useEffect(() => {
    const filters = { userId, type }
    const { queryKey } = feedQuery(filters, { cursor: undefined, direction: undefined })
    return onActivities((newer) => {
      const page = queryClient.getQueryData(queryKey)
      if (!isFlowing) {
        setWaiting((known) => known + countNewer(page, newer, filters))
        return
      }
      if (!page) return
      const merged = withNewer(page, newer, filters)
      if (merged.activities.length > FEED_ROWS_MAX) void reread(queryKey)
      else if (merged !== page) queryClient.setQueryData(queryKey, merged)
    })
  }, [userId, type, isFlowing])
  return {
    waiting,
    catchUp() {
      setWaiting(0)
      void reread(['analytics', 'activity/recent'])
    },
  }
}
