import { useEffect, useLayoutEffect, useMemo, useReducer } from 'react'
import type { Placed } from '@/shared/wall/place'
import type { Drawn, Stage, StageOptions } from '@/shared/wall/stage'
import type { Wall } from '@/shared/wall/wall'

/** Scrolling has stopped. */
const CALM_MILLISECONDS = 200

/** Drives the stage: what is to be drawn now, while rows come and go and the page is scrolled. */
export function useStanding<T extends Placed, Q>(
  wall: Wall<T, Q>,
  stage: Stage<T, Q>,
  options: StageOptions,
): Drawn {
  const { lines } = options
  const held = wall.use((state) => state.window)
  const opening = wall.use((state) => state.opening)
  const error = wall.use((state) => state.error)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  // `held` says when to settle anew; the stage reads it itself.
  // oxlint-disable-next-line react/exhaustive-deps
  const settled = useMemo(() => stage.settle(lines, opening), [stage, lines, opening, held])
  const drawn = stage.draw(settled, lines)
  useLayoutEffect(() => {
    stage.options = options
    stage.shown = drawn
  })
  useLayoutEffect(() => {
    stage.commit(settled, opening)
    if (stage.look()) redraw()
  }, [stage, settled, opening])
  useEffect(() => {
    if (error === null && stage.look()) redraw()
  }, [stage, error])
  useScrolling(stage, redraw)
  return drawn
}

function useScrolling<T extends Placed, Q>(stage: Stage<T, Q>, redraw: () => void): void {
  // In the layout phase: leaving the page must take the listener away before the browser scrolls to the top.
  useLayoutEffect(() => {
    const path = window.location.pathname
    let timer: ReturnType<typeof setTimeout> | null = null
    const isLeft = () => window.location.pathname !== path
    function calm(): void {
      timer = null
      if (!isLeft()) stage.rest()
    }
    function onScroll(): void {
      if (isLeft()) return
      if (stage.look()) redraw()
      if (timer !== null) clearTimeout(timer)
      timer = setTimeout(calm, CALM_MILLISECONDS)
    }
    const before = window.history.scrollRestoration
    window.history.scrollRestoration = 'manual'
    window.addEventListener('scroll', onScroll, { passive: true })
    window.addEventListener('resize', onScroll)
    return () => {
      window.history.scrollRestoration = before
      window.removeEventListener('scroll', onScroll)
      window.removeEventListener('resize', onScroll)
      if (timer !== null) clearTimeout(timer)
    }
  }, [stage, redraw])
}
