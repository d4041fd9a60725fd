import { useEffect } from 'react'
import { calmly } from '@/shared/api/calmly'
import { onLive, useLive, watchQueues } from '@/shared/api/live'
import { queryClient, reread } from '@/shared/api/queries'
import { queueStatsQuery } from './api'
import { mergeQueues } from './mergeQueues'

const CALM_MILLISECONDS = 1000
const WORKERS_MILLISECONDS = 4000

/** Counts come with the event stream while it is there; the list of jobs is read again when they change. */
export function useLiveQueues(): boolean {
  useEffect(watchQueues, [])
  useEffect(() => {
    const rereadJobs = calmly(() => {
      void reread(['queues', 'jobs'])
      void reread(['queues', 'job'])
    }, CALM_MILLISECONDS)
    let askedAt = Date.now()
    const end = onLive('queues', (event) => {
      const { queryKey } = queueStatsQuery(true)
      const known = queryClient.getQueryData(queryKey)
      const merged = known ? mergeQueues(known, event) : null
      if (known && merged) {
        queryClient.setQueryData(queryKey, merged.stats)
        // Each event puts off the query's own interval, and workers are only told of by an answer.
        if (merged.isStale || Date.now() - askedAt > WORKERS_MILLISECONDS) {
          askedAt = Date.now()
          void reread(queryKey)
        }
      }
      rereadJobs.ask()
    })
    return () => {
      rereadJobs.stop()
      end()
    }
  }, [])
  return useLive((state) => state.isLive)
}
