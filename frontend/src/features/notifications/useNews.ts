import { useEffect, useMemo, useState } from 'react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { calmly } from '@/shared/api/calmly'
import { onImages } from '@/shared/api/imageEvents'
import { isOver } from '@/shared/api/jobs'
import { onLive, useLive } from '@/shared/api/live'
import { reread } from '@/shared/api/queries'
import type { News } from '@/shared/api/types'
import { newsQuery, setUnread } from './api'
import { newTroubles, troublesInWords } from './news'

const CALM_MILLISECONDS = 1500
const POLL_MILLISECONDS = 10_000
const LIVE_POLL_MILLISECONDS = 120_000

/** The news, as fresh as the event stream; without it they are asked for every few seconds. */
export function useNews() {
  const isLive = useLive((state) => state.isLive)
  const query = useInfiniteQuery({
    ...newsQuery,
    refetchInterval: isLive ? LIVE_POLL_MILLISECONDS : POLL_MILLISECONDS,
  })
  useEffect(() => {
    const rereadNews = calmly(() => void reread(newsQuery.queryKey), CALM_MILLISECONDS)
    const ends = [
      onLive('snapshot', ({ unread }) => {
        setUnread(unread)
        rereadNews.ask()
      }),
      onLive('unread', ({ unread }) => {
        setUnread(unread)
        rereadNews.ask()
      }),
      onLive('job', ({ state }) => (isOver(state) ? rereadNews.ask() : undefined)),
      // The upload tray hears of ends too, and knows them also while there is no stream.
      onImages((event) => (event.kind === 'changed' ? rereadNews.ask() : undefined)),
    ]
    return () => {
      rereadNews.stop()
      for (const end of ends) end()
    }
  }, [])
  const pages = query.data?.pages
  const news = useMemo(() => pages?.flatMap((page) => page.notifications), [pages])
  return {
    news,
    unread: pages?.[0]?.unread ?? 0,
    query,
  }
}

/** What went wrong since the last look, in words for a live region. */
export function useTroublesInWords(news: readonly News[] | undefined): string {
  const [before, setBefore] = useState(news)
  const [said, setSaid] = useState('')
  if (news !== before) {
    const troubles = news ? newTroubles(before, news) : []
    setBefore(news)
    if (troubles.length > 0) setSaid(troublesInWords(troubles))
  }
  return said
}
