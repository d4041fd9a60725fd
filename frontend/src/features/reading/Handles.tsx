import { type KeyboardEvent, useCallback } from 'react'
import { toPane } from '@/viewer/camera'
import type { PaneState } from '@/viewer/state'
import type { Drawn } from '@/viewer/tools/AnnotationStore'
import { handlesOf, type Part } from '@/viewer/tools/Editing'
import type { Point } from '@/viewer/types'
import styles from './Drawings.module.css'
import type { Annotating } from './useAnnotations'

interface HandlesProps {
  pane: PaneState
  one: Drawn
  points: readonly Point[]
  /** What the drawing tells. */
  words: string
  /** Those of its points as well. */
  hasPoints: boolean
  annotating: Annotating
}

/** One handle of the whole, in its middle; while it is looked at one of each point. The pointer takes hold by itself. */
export function Handles({ pane, one, points, words, hasPoints, annotating }: HandlesProps) {
  const onKeys = useHandleKeys(pane, one, annotating)
  const settle = annotating.hand?.settle
  const handles = hasPoints ? handlesOf(one.kind, points) : []
  const more = one.kind === 'text' ? 'Enter changes its words' : 'Tab goes to its points'
  const acts = one.own ? `Arrows move it, with Shift or Ctrl farther. ${more}. ` : ''
  return (
    <>
      <foreignObject {...boxAround(pane, middleOf(points))}>
        <button
          type="button"
          data-control
          className={styles.handle}
          aria-label={`${one.kind}: ${words}. ${acts}Delete removes it.`}
          disabled={!one.own}
          onKeyDown={(event) => onKeys(event, 'whole')}
          onKeyUp={settle}
          onBlur={settle}
        />
      </foreignObject>
      {handles.map((index, order) => (
        <foreignObject key={index} {...boxAround(pane, points[index] ?? { x: 0, y: 0 })}>
          <button
            type="button"
            data-control
            data-part={index}
            className={styles.point}
            aria-label={`Point ${order + 1} of ${handles.length} of the ${one.kind}. Arrows move it, with Shift or Ctrl farther.`}
            onKeyDown={(event) => onKeys(event, index)}
            onKeyUp={(event) => {
              const part = settle?.()
              const drawing = event.currentTarget.closest('[data-drawing]')
              // The longer axis of an ellipse is counted first: the same point may have another number now.
              if (typeof part === 'number' && part !== index) {
                drawing?.querySelector<HTMLElement>(`[data-part="${part}"]`)?.focus({ preventScroll: true })
              }
            }}
            onBlur={settle}
          />
        </foreignObject>
      ))}
    </>
  )
}

const DIRECTIONS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}
/** Image pixels. */
const STEP = 1
const FAR = 10

function useHandleKeys(pane: PaneState, one: Drawn, { hand, remove }: Annotating) {
  return useCallback(
    (event: KeyboardEvent<HTMLElement>, part: Part) => {
      const direction = DIRECTIONS[event.key]
      const leave = () => event.currentTarget.closest<HTMLElement>('[data-pane]')?.focus()
      if (direction) {
        hand?.nudge(pane.key, one, part, direction, event.shiftKey || event.ctrlKey ? FAR : STEP)
      } else if (event.key === 'Delete' || event.key === 'Backspace') {
        leave()
        remove(one)
      } else if (event.key === 'Escape') {
        if (!hand?.cancel()) leave()
      } else if (event.key === 'Enter' && one.kind === 'text') {
        hand?.rewrite(one)
      } else return
      event.stopPropagation()
      event.preventDefault()
    },
    [pane.key, one, hand, remove],
  )
}

const HANDLE_PIXELS = 18

function middleOf(points: readonly Point[]): Point {
  const sum = points.reduce((one, other) => ({ x: one.x + other.x, y: one.y + other.y }), { x: 0, y: 0 })
  return { x: sum.x / Math.max(points.length, 1), y: sum.y / Math.max(points.length, 1) }
}

/** Within the pane, also of what lies beside it: the browser would scroll there. */
function boxAround(pane: PaneState, point: Point) {
  const at = toPane(pane.camera, pane.rect, point)
  const within = (value: number, most: number) =>
    Math.min(Math.max(value - HANDLE_PIXELS / 2, 0), most - HANDLE_PIXELS)
  return {
    x: within(at.x, pane.rect.width),
    y: within(at.y, pane.rect.height),
    width: HANDLE_PIXELS,
    height: HANDLE_PIXELS,
  }
}
