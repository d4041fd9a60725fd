import { useEffect, useRef } from 'react'
import { create } from 'zustand'
import { parseObject, withQuery } from '@/shared/api/client'
import type { Activity, Totals } from './types'

/** What has been told since the page was opened. Nothing depends on it: every number can also be asked for. */
interface StreamState {
  isLive: boolean
  totals: Totals | null
}

export const useStream = create<StreamState>(() => ({ isLive: false, totals: null }))

type Told = (activities: Activity[]) => void
const listeners = new Set<Told>()

/** Called with what has just happened, newest first; the same may come twice. */
export function onActivities(listener: Told): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** A page that nobody looks at gives its connection back; browsers allow few to one server. */
const HIDDEN_MILLISECONDS = 10_000
const REFUSED_MILLISECONDS = 20_000

/** Totals and activities as they happen, on the clock of a zone, while the page is looked at. */
export function useAnalyticsStream(tz: string, onTotals: (totals: Totals) => void): void {
  const latest = useRef(onTotals)
  useEffect(() => {
    latest.current = onTotals
  })
  useEffect(() => {
    const line = openLine(tz, (totals) => latest.current(totals))
    return () => {
      line.close()
      useStream.setState({ isLive: false, totals: null })
    }
  }, [tz])
}

function openLine(tz: string, onTotals: (totals: Totals) => void): { close: () => void } {
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | null = null

  function later(work: () => void, milliseconds: number): void {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(work, milliseconds)
  }
  function stop(): void {
    source?.close()
    source = null
    useStream.setState({ isLive: false })
  }
  function start(): void {
    if (source !== null) return
    const opened = new EventSource(withQuery('/api/analytics/stream', { tz }))
    source = opened
    opened.addEventListener('totals', (event: MessageEvent<string>) => {
      const totals = parseObject(event.data) as unknown as Totals
      useStream.setState({ isLive: true, totals })
      onTotals(totals)
    })
    opened.addEventListener('activity', (event: MessageEvent<string>) => {
      useStream.setState({ isLive: true })
      const activities = activitiesOf(event.data)
      for (const listener of listeners) listener(activities)
    })
    opened.addEventListener('error', () => {
      useStream.setState({ isLive: false })
      // After a break the browser comes back by itself; not after a refusal.
      if (opened.readyState !== EventSource.CLOSED || source !== opened) return
      stop()
      later(start, REFUSED_MILLISECONDS)
    })
  }
  function onVisibility(): void {
    if (document.visibilityState === 'hidden') return later(stop, HIDDEN_MILLISECONDS)
    if (timer !== null) clearTimeout(timer)
    start()
  }

  document.addEventListener('visibilitychange', onVisibility)
  window.addEventListener('pagehide', stop)
  start()
  return {
    close() {
      document.removeEventListener('visibilitychange', onVisibility)
      window.removeEventListener('pagehide', stop)
      if (timer !== null) clearTimeout(timer)
      stop()
    },
  }
}

function activitiesOf(text: string): Activity[] {
  const { activities } = parseObject(text)
  return Array.isArray(activities) ? (activities as Activity[]) : []
}
