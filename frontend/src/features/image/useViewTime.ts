import { useEffect } from 'react'
import { noteViewing } from '@/shared/api/images'
import { ViewTime } from '@/shared/looking/viewTime'

const INPUTS = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const

/** Tells the server for how long the picture of this image is looked at, as long as it is shown. */
export function useViewTime(imageId: number, isShown: boolean) {
  useEffect(() => {
    if (!isShown) return undefined
    const isVisible = () => document.visibilityState === 'visible'
    const time = new ViewTime({ now: Date.now, isVisible, send: (seconds) => noteViewing(imageId, seconds) })
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
  }, [imageId, isShown])
}
