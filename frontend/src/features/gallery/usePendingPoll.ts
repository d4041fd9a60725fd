import { useEffect, useRef } from 'react'
import { announceImages } from '@/shared/api/imageEvents'
import { fetchJobs, isOver, JOBS_PER_REQUEST } from '@/shared/api/jobs'
import type { Study } from '@/shared/api/studies'
import type { ImageSummary } from '@/shared/api/types'
import { rereadExamsInView } from './walls'

const SOONEST_MILLISECONDS = 2000
const LATEST_MILLISECONDS = 20_000

/** Asks for the jobs of pending images that are in the window, and only while there are any. */
export function usePendingPoll(visible: readonly ImageSummary[]): void {
  const pending = visible.filter((image) => image.status === 'pending' || image.status === 'processing')
  const latest = useRef(pending)
  useEffect(() => {
    latest.current = pending
  })
  const key = pending.map((image) => `${image.id}${image.status}`).join(',')
  useEffect(() => {
    if (key === '') return
    let pause = SOONEST_MILLISECONDS
    let timer: ReturnType<typeof setTimeout>
    const stop = new AbortController()
    async function turn(): Promise<void> {
      if (document.visibilityState === 'visible')
        await ask(latest.current, stop.signal).catch(() => undefined)
      // While nothing changes it is asked less and less often; a change starts this effect anew.
      pause = Math.min(LATEST_MILLISECONDS, pause * 1.4)
      if (!stop.signal.aborted) timer = setTimeout(() => void turn(), pause)
    }
    timer = setTimeout(() => void turn(), pause)
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [key])
}

async function ask(pending: readonly ImageSummary[], signal: AbortSignal): Promise<void> {
  const byJob = new Map(pending.slice(0, JOBS_PER_REQUEST).map((image) => [image.jobId, image]))
  const jobs = await fetchJobs([...byJob.keys()], signal)
  const changed = jobs
    .filter(
      (job) => isOver(job.state) || (job.state === 'active') !== (byJob.get(job.id)?.status === 'processing'),
    )
    .map((job) => byJob.get(job.id)?.id)
    .filter((id) => id !== undefined)
  if (changed.length > 0) announceImages({ kind: 'changed', imageIds: changed })
}

const EXAMS_MILLISECONDS = 5000

/** Looks again at exams in view while something of theirs is under way. */
export function useExamPoll(visible: readonly Study[]): void {
  const isUnderWay = visible.some((study) => study.state === 'processing')
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') rereadExamsInView()
    }, EXAMS_MILLISECONDS)
    return () => clearInterval(timer)
  }, [isUnderWay])
}
