import { createContext, useContext } from 'react'
import { formatCount } from '@/shared/format/numbers'
import type { Behind } from './api'
import styles from './Quality.module.css'

export type Drill = (title: string, behind: Behind) => void

/** Opens the exams behind a number; the page provides it. */
export const DrillContext = createContext<Drill>(() => undefined)

interface CountProps {
  value: number
  /** What the exams are, as a title: "Exams without L MLO". */
  title: string
  behind: Behind
  children?: string
}

/** A number with its exams behind it. Of none there is nothing to open. */
export function Count({ value, title, behind, children }: CountProps) {
  const drill = useContext(DrillContext)
  const text = children ?? formatCount(value)
  if (value === 0) return text
  return (
    <button
      type="button"
      className={styles.count}
      aria-label={`${text}: ${title}`}
      onClick={() => drill(title, behind)}
    >
      {text}
    </button>
  )
}
