import type { LiveQueues, QueueStats } from '@/shared/api/types'

/**
 * What the event stream tells of queues, laid over what was read of them. It knows counts alone: `isStale` when a
 * pause began or ended, and somebody has to be asked since when and by whom.
 */
export function mergeQueues(stats: QueueStats, event: LiveQueues): { stats: QueueStats; isStale: boolean } {
  let isStale = false
  const queues = stats.queues.map((queue) => {
    const live = event.queues.find(({ name }) => name === queue.name)
    if (!live) return queue
    isStale ||= live.paused !== queue.paused
    return { ...queue, ...live, paused: queue.paused }
  })
  return { stats: { ...stats, queues }, isStale }
}
