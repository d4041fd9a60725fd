import { useEffect } from 'react'
import { calmly } from '@/shared/api/calmly'
import { onLive, useLive, watchQueues } from '@/shared/api/live'
import { queryClient } from '@/shared/api/queries'
import { queueStatsQuery } from './api'
import { mergeQueues } from './mergeQueues'

const CALM_MILLISECONDS = 1000

/** Counts come with the event stream while it is there; the list of jobs is read again when they change. */
export function useLiveQueues(): boolean {
  useEffect(watchQueues, [])
  useEffect(() => {
    const reread = calmly(() => {
      void queryClient.invalidateQueries({ queryKey: ['queues', 'jobs'] })
      void queryClient.invalidateQueries({ queryKey: ['queues', 'job'] })
    }, CALM_MILLISECONDS)
    const end = onLive('queues', (event) => {
      const { queryKey } = queueStatsQuery(true)
      const known = queryClient.getQueryData(queryKey)
      const merged = known ? mergeQueues(known, event) : null
      if (known && merged) {
        queryClient.setQueryData(queryKey, merged.stats)
        if (merged.isStale) void queryClient.invalidateQueries({ queryKey })
      }
      reread.ask()
    })
    return () => {
      reread.stop()
      end()
    }
  }, [])
  return useLive((state) => state.isLive)
}
