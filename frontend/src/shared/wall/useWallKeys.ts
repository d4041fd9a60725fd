import { type KeyboardEvent, useEffect, useRef } from 'react'
import { lineOf, type Lines, type Step, stepFrom } from '@/shared/wall/lines'
import type { Placed } from '@/shared/wall/place'
import type { Stage } from '@/shared/wall/stage'
import { rootFontSize } from '@/shared/wall/useGrid'
import type { Wall } from '@/shared/wall/wall'

const STEPS: Record<string, Step> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

interface Options<T extends Placed, Q> {
  wall: Wall<T, Q>
  stage: Stage<T, Q>
  lines: Lines
  insetEm: number
}

/** Arrow keys walk over the wall, Home and End to the ends of the whole list, also where they have to be read first. */
export function useWallKeys<T extends Placed, Q>(
  options: Options<T, Q>,
): (event: KeyboardEvent<HTMLElement>) => void {
  const { wall, stage, lines, insetEm } = options
  const rows = wall.use((state) => state.window?.rows)
  /** Home or End asked for an end that is being read; it takes the focus when it is there. */
  const awaited = useRef<'first' | 'last' | null>(null)
  useEffect(() => {
    if (awaited.current === null || !rows || rows.length === 0) return
    const index = awaited.current === 'first' ? 0 : rows.length - 1
    awaited.current = null
    focusTile(stage.box, index)
  }, [rows, stage])

  function goTo(index: number): void {
    const line = lineOf(lines, index)
    if (line === null) return
    const top = stage.above + line.top - stage.scroll
    const inset = (insetEm + 0.5) * rootFontSize()
    const tooHigh = top - inset
    const tooLow = top + line.height - window.innerHeight
    if (tooHigh < 0) window.scrollBy({ top: tooHigh, behavior: 'instant' })
    else if (tooLow > 0) window.scrollBy({ top: tooLow, behavior: 'instant' })
    focusTile(stage.box, index)
  }

  function goToEnd(end: 'first' | 'last'): void {
    const held = wall.use.getState().window
    if (held === null) return
    if ((end === 'first' ? held.newer : held.older) === null) {
      goTo(end === 'first' ? 0 : held.rows.length - 1)
      if (end === 'first') window.scrollTo({ top: 0 })
      return
    }
    awaited.current = end
    void wall.reopen({ kind: end === 'first' ? 'head' : 'tail' })
  }

  return (event) => {
    const at = tileOf(event.target)
    if (at === null || event.altKey || event.ctrlKey || event.metaKey || !rows) return
    const step = STEPS[event.key]
    if (step !== undefined) goTo(stepFrom(lines, at, step, rows.length))
    else if (event.key === 'Home') goToEnd('first')
    else if (event.key === 'End') goToEnd('last')
    else return
    event.preventDefault()
  }
}

function tileOf(target: EventTarget): number | null {
  const tile = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-index]') : null
  return tile ? Number(tile.dataset.index) : null
}

/** Tiles that are not drawn yet are there after the next frame. */
function focusTile(box: HTMLElement | null, index: number): void {
  const find = () => box?.querySelector<HTMLElement>(`[data-index="${index}"] :is(a, button)`)
  const tile = find()
  if (tile) tile.focus({ preventScroll: true })
  else requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus({ preventScroll: true })))
}
