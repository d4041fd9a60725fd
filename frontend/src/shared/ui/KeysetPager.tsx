import { ChevronLeft, ChevronRight, ChevronsLeft } from 'lucide-react'
import { useCommands } from '@/shared/keys/commands'
import { Button } from '@/shared/ui/Button'
import styles from './KeysetPager.module.css'

export interface PagePlace {
  cursor?: string
  direction?: 'next' | 'prev'
}

interface KeysetPagerProps {
  /** Names the list in the map of keys. */
  group: string
  page: { nextCursor: string | null; prevCursor: string | null }
  isFirst: boolean
  onGo: (place: PagePlace) => void
}

/** From page to page of a list that is newest first; `[` and `]` do the same. */
export function KeysetPager({ group, page, isFirst, onGo }: KeysetPagerProps) {
  const { nextCursor, prevCursor } = page
  function newer(): void {
    if (prevCursor !== null) onGo({ cursor: prevCursor, direction: 'prev' })
  }
  function older(): void {
    if (nextCursor !== null) onGo({ cursor: nextCursor, direction: 'next' })
  }
  useCommands([
    { id: 'page-newer', title: 'Newer page', group, keys: ['['], run: newer },
    { id: 'page-older', title: 'Older page', group, keys: [']'], run: older },
  ])
  if (isFirst && nextCursor === null && prevCursor === null) return null
  return (
    <nav className={styles.pager} aria-label="Pages">
      <Button kind="quiet" icon={<ChevronsLeft />} disabled={isFirst} onClick={() => onGo({})}>
        Newest
      </Button>
      <Button icon={<ChevronLeft />} disabled={prevCursor === null} onClick={newer}>
        Newer
      </Button>
      <Button icon={<ChevronRight />} disabled={nextCursor === null} onClick={older}>
        Older
      </Button>
    </nav>
  )
}

/** Out of a URL: what is not understood means the newest page. */
export function readPagePlace(search: Record<string, unknown>): PagePlace {
  if (typeof search.cursor !== 'string' || search.cursor === '') return {}
  return { cursor: search.cursor, direction: search.direction === 'prev' ? 'prev' : 'next' }
}
