import { useEffect } from 'react'
import { noteViewing } from '@/shared/api/images'
import { ViewTime } from '@/shared/looking/viewTime'

const INPUTS = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const

/** Tells the server for how long the pictures that stand in panes are looked at. */
export function useReadingTime(imageIds: readonly number[]): void {
  const key = imageIds.join(' ')
  useEffect(() => {
    const ids = key === '' ? [] : key.split(' ').map(Number)
    if (ids.length === 0) return undefined
    const isVisible = () => document.visibilityState === 'visible'
    const send = (seconds: number) => {
      for (const id of ids) noteViewing(id, seconds)
    }
    const time = new ViewTime({ now: Date.now, isVisible, send })
    const input = () => time.input()
    const turn = () => time.turn(!isVisible())
    const leave = () => time.turn(isVisible())
    const ticking = setInterval(() => time.tick(), 1000)
    for (const kind of INPUTS) window.addEventListener(kind, input, { passive: true })
    document.addEventListener('visibilitychange', turn)
    window.addEventListener('pagehide', leave)
    return () => {
      clearInterval(ticking)
      for (const kind of INPUTS) window.removeEventListener(kind, input)
      document.removeEventListener('visibilitychange', turn)
      window.removeEventListener('pagehide', leave)
      leave()
    }
  }, [key])
}
