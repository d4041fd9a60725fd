import { type ReactNode, useState } from 'react'
import { useNavigate } from '@tanstack/react-router'
import { ArrowUp } from 'lucide-react'
import { messageOf, NoConnection } from '@/shared/api/client'
import type { GallerySearch } from '@/shared/api/imageFilters'
import { dayKey, formatDayHeading } from '@/shared/format/dates'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { type Placed, placeAt, placeOf } from '@/shared/wall/place'
import { VirtualWall, type VirtualWallProps } from '@/shared/wall/VirtualWall'
import type { Wall } from '@/shared/wall/wall'
import styles from './GalleryPage.module.css'
import { endOf, type Month } from './months'
import { TimeScrubber } from './TimeScrubber'
import { useOldest } from './useOldest'

interface WallPageProps<T extends Placed, Q> extends Pick<
  VirtualWallProps<T, Q>,
  'wall' | 'wish' | 'loadingLabel' | 'tile' | 'skeleton' | 'onView' | 'onPlace'
> {
  /** Names what the address asks for; the wall may still show something else. */
  wallKey: string
  search: GallerySearch
  filters: ReactNode
  /** What is said in place of the wall when the list has no rows. */
  empty: ReactNode
  newsLabel: string
  isPlaceLost: boolean
  /** Below the wall. */
  children?: ReactNode
}

const groupOf = (row: Placed) => dayKey(row.createdAt)
const heading = (day: string) => formatDayHeading(day)

/** A view's wall by days with what both views have around it: filters, what went wrong, what is new, the scrubber. */
export function WallPage<T extends Placed, Q>(props: WallPageProps<T, Q>) {
  const { wall, wallKey, search, filters, empty, newsLabel, isPlaceLost, children, ...tiles } = props
  const oldest = useOldest(wall, wallKey)
  const isOpen = wall.use((state) => state.key === wallKey)
  const held = wall.use((state) => state.window)
  const hasNews = wall.use((state) => state.hasNews)
  const isEmpty = isOpen && held?.rows.length === 0 && held.newer === null && held.older === null
  return (
    <>
      {filters}
      {isPlaceLost ? (
        <p className={styles.word} role="status">
          The place in this link cannot be read. These are the newest.
        </p>
      ) : null}
      <Trouble wall={wall} />
      {isEmpty ? empty : null}
      {isOpen && !isEmpty ? (
        <>
          <VirtualWall wall={wall} groupOf={groupOf} heading={heading} oldest={oldest} {...tiles} />
          {children}
        </>
      ) : null}
      {isEmpty ? null : <Scrubber wall={wall} wallKey={wallKey} search={search} oldest={oldest} />}
      <div role="status">
        {hasNews ? (
          <Button
            className={styles.news}
            icon={<ArrowUp />}
            onClick={() => void wall.reopen({ kind: 'head' })}
          >
            {newsLabel}
          </Button>
        ) : null}
      </div>
    </>
  )
}

/** In place of the list when nothing of it could be read; else quietly at the foot of the window. */
function Trouble<T extends Placed, Q>({ wall }: { wall: Wall<T, Q> }) {
  const error = wall.use((state) => state.error)
  const hasRows = wall.use((state) => state.window !== null)
  if (!error) return null
  const again = <Button onClick={() => void wall.retry()}>Try again</Button>
  if (!hasRows) {
    return (
      <Notice kind="failed" title="The list could not be read" action={again}>
        {messageOf(error)}
      </Notice>
    )
  }
  return (
    <div className={styles.trouble} role="alert">
      <span>
        {error instanceof NoConnection
          ? 'The connection is lost: the list goes no further for now. Nothing is lost.'
          : `The list goes no further for now. ${messageOf(error)}`}
      </span>
      {again}
    </div>
  )
}

interface ScrubberProps<T extends Placed, Q> {
  wall: Wall<T, Q>
  wallKey: string
  search: GallerySearch
  /** When the oldest row of the whole list came, in milliseconds. */
  oldest: number | undefined
}

function Scrubber<T extends Placed, Q>({ wall, wallKey, search, oldest }: ScrubberProps<T, Q>) {
  const navigate = useNavigate()
  const [now] = useState(() => Date.now())
  const first = wall.use((state) => (state.key === wallKey ? state.window?.rows[0] : undefined))
  const at = search.at === undefined ? undefined : Date.parse(search.at.split('_')[0] ?? '')
  if (!first || oldest === undefined) return null
  function jump(month: Month | null): void {
    const place = month === null ? undefined : placeOf(placeAt(endOf(month)))
    if (place === undefined && search.at === undefined) void wall.reopen({ kind: 'head' })
    void navigate({ to: '/', search: { ...search, at: place } })
  }
  return (
    <TimeScrubber
      newest={wall.newestSeen ? Date.parse(wall.newestSeen.createdAt) : now}
      oldest={oldest}
      current={at === undefined || Number.isNaN(at) ? Date.parse(first.createdAt) : at}
      onJump={jump}
    />
  )
}
