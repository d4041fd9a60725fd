import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import type { Queue } from '@/shared/api/types'
import { plural } from '@/shared/format/numbers'
import { toast } from '@/shared/ui/Toasts'
import { drainQueue, pauseQueue, resumeQueue, retryFailed, setConcurrency } from './api'
import { heldBackBy } from './queueWords'

export interface QueueActs {
  isBusy: boolean
  pause: () => void
  resume: () => void
  /** These throw for their dialog, which then says why. */
  drain: () => Promise<void>
  retryAll: () => Promise<void>
  setConcurrency: (concurrency: number | null) => Promise<void>
}

/** Each act says what came of it; what can be undone is done at once, and offers that. */
export function useQueueActs(queue: Queue): QueueActs {
  const client = useQueryClient()
  const [isBusy, setBusy] = useState(false)
  const { name } = queue
  const refresh = () => client.invalidateQueries({ queryKey: ['queues'] })

  function now(work: () => Promise<unknown>): void {
    setBusy(true)
    work()
      .catch((error: unknown) => toast(`${name}: ${messageOf(error)}`))
      .then(refresh)
      .catch(() => undefined)
      .finally(() => setBusy(false))
  }
  async function resume(): Promise<void> {
    const { changed } = await resumeQueue(name)
    toast(changed ? `${name} goes on.` : `${name} was not paused.`)
  }
  async function pause(): Promise<void> {
    const { changed } = await pauseQueue(name)
    const heldBack = heldBackBy(name)
    const more = heldBack === null ? '' : ` ${heldBack} wait until it goes on.`
    if (changed)
      toast(`${name} is paused. What is running goes on to its end.${more}`, {
        label: 'Undo',
        run: () => now(resume),
      })
    else toast(`${name} was paused already.`)
  }
  async function change(concurrency: number | null): Promise<void> {
    await setConcurrency(name, concurrency)
    await refresh()
  }
  return {
    isBusy,
    pause: () => now(pause),
    resume: () => now(resume),
    async drain() {
      const { jobs } = await drainQueue(name)
      toast(`${plural(jobs ?? 0, 'job')} taken out of ${name}. The images are kept.`)
      await refresh()
    },
    async retryAll() {
      const { jobs } = await retryFailed(name)
      toast(jobs ? `${plural(jobs, 'job')} of ${name} started anew.` : `Nothing in ${name} had failed.`)
      await refresh()
    },
    async setConcurrency(concurrency) {
      const before = queue.concurrency
      await change(concurrency)
      const said = concurrency === null ? 'follows the workers’ settings' : `runs ${concurrency} at once`
      toast(`${name} ${said}${concurrency === null ? '' : ' in each worker'}, within seconds.`, {
        label: 'Undo',
        run: () => now(() => change(before)),
      })
    },
  }
}
