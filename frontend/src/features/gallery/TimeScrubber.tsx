import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react'
import { type Month, monthAfter, monthInWords, monthOf, monthsBetween, yearMarks } from './months'
import styles from './TimeScrubber.module.css'

interface TimeScrubberProps {
  /** When the newest and the oldest row came, in milliseconds. */
  newest: number
  oldest: number
  /** Of the first tile in view. */
  current: number
  /** Null: to the newest. */
  onJump: (month: Month | null) => void
}

const MOST_MARKS = 10
/** Steps by the keyboard lead there when they stop. */
const CALM_MILLISECONDS = 450
const STEPS: Record<string, number> = {
  ArrowUp: 1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  PageUp: 12,
  PageDown: -12,
}

/**
 * All the time that the list spans, the newest at the top: a press or a drag leads to a month, without reading what
 * lies between. For the keyboard it is a slider: up is newer.
 */
export function TimeScrubber({ newest, oldest, current, onJump }: TimeScrubberProps) {
  const [first, last] = [monthOf(newest), monthOf(oldest)]
  const most = Math.max(0, monthsBetween(first, last))
  const [aimed, setAimed] = useState<number | null>(null)
  const track = useRef<HTMLDivElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => clearTimeout(timer.current ?? undefined), [])
  if (most === 0) return <div className={styles.none} />
  const value = aimed ?? clamp(monthsBetween(monthOf(current), last), most)
  const shownMonth = monthAfter(last, value)

  function jump(to: number): void {
    setAimed(null)
    onJump(to >= most ? null : monthAfter(last, to))
  }
  function onKeyDown(event: KeyboardEvent): void {
    const step = STEPS[event.key]
    const to =
      step === undefined ? { Home: 0, End: most, Enter: value }[event.key] : clamp(value + step, most)
    if (to === undefined) return
    event.preventDefault()
    setAimed(to)
    clearTimeout(timer.current ?? undefined)
    timer.current = setTimeout(() => jump(to), event.key === 'Enter' ? 0 : CALM_MILLISECONDS)
  }
  function monthUnder(event: PointerEvent): number {
    const box = track.current?.getBoundingClientRect()
    if (!box || box.height === 0) return value
    return clamp(Math.round((1 - (event.clientY - box.top) / box.height) * most), most)
  }
  return (
    <div
      className={styles.scrubber}
      role="slider"
      tabIndex={0}
      aria-label="Jump to a month"
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={value}
      aria-valuetext={monthInWords(shownMonth)}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setAimed(monthUnder(event))
      }}
      onPointerMove={(event) => (event.buttons > 0 ? setAimed(monthUnder(event)) : undefined)}
      onPointerUp={(event) => jump(monthUnder(event))}
      onPointerCancel={() => setAimed(null)}
    >
      <div ref={track} className={styles.track}>
        {yearMarks(first, last, MOST_MARKS).map(({ year, share }) => (
          <span key={year} className={styles.year} style={{ top: `${share * 100}%` }}>
            {year}
          </span>
        ))}
        <span
          className={styles.hand}
          style={{ top: `${(1 - value / most) * 100}%` }}
          data-aimed={aimed !== null || undefined}
        >
          <span className={styles.words}>{monthInWords(shownMonth)}</span>
        </span>
      </div>
    </div>
  )
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value))
}
