import { useEffect, useRef } from 'react'
import { noteViewing } from '@/shared/api/images'
import { ViewTime } from '@/shared/looking/viewTime'

const INPUTS = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const

/** Tells the server for how long these pictures are looked at, side by side; none: nothing is looked at. */
export function useLooking(imageIds: readonly number[]): void {
  const key = imageIds.join(' ')
  const shown = useRef<readonly number[]>([])
  const kept = useRef<ViewTime | null>(null)
  useEffect(() => {
    const isVisible = () => document.visibilityState === 'visible' && shown.current.length > 0
    const time = new ViewTime({
      now: Date.now,
      isVisible,
      send: (seconds) => noteViewing(shown.current, seconds),
    })
    kept.current = time
    const input = () => time.input()
    const turn = () => time.turn(document.visibilityState !== 'visible' && shown.current.length > 0)
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
      kept.current = null
    }
  }, [])
  useEffect(() => {
    // Other pictures come: what was seen until now is theirs that were there; a part of a second goes on with the new.
    kept.current?.turn(document.visibilityState === 'visible' && shown.current.length > 0)
    shown.current = key === '' ? [] : key.split(' ').map(Number)
  }, [key])
}
