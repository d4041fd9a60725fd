import { useEffect, useState } from 'react'
import { X } from 'lucide-react'
import { Button, IconButton } from '@/shared/ui/Button'
import { Keys } from '@/shared/ui/Tooltip'
import styles from './Toasts.module.css'

interface UndoToastProps {
  text: string
  untilMilliseconds: number
  onUndo: () => void
  onEnd: () => void
}

/** What was done, with the time that is left to take it back. When it is over, what was done stays done. */
export function UndoToast({ text, untilMilliseconds, onUndo, onEnd }: UndoToastProps) {
  const secondsLeft = useSecondsLeft(untilMilliseconds, onEnd)
  return (
    <div className={styles.toast} data-testid="undo-toast">
      <span>{text}</span>
      <span className="visually-hidden">It can be undone for 10 seconds.</span>
      <Button kind="plain" onClick={onUndo}>
        Undo
      </Button>
      {/* Said once above: a number that changes each second would be read out each second. */}
      <span className={styles.left} aria-hidden="true">
        <span className={styles.keys}>
          <Keys spec="Ctrl+z" />
        </span>
        <span className={styles.seconds}>{secondsLeft} s</span>
      </span>
      <IconButton label="Dismiss" onClick={onEnd}>
        <X />
      </IconButton>
    </div>
  )
}

const TICK_MILLISECONDS = 200

function useSecondsLeft(untilMilliseconds: number, onEnd: () => void): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MILLISECONDS)
    return () => clearInterval(timer)
  }, [])
  const isOver = now >= untilMilliseconds
  useEffect(() => {
    if (isOver) onEnd()
    // Once; a new function each time it is drawn says nothing new.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [isOver])
  return Math.max(0, Math.ceil((untilMilliseconds - now) / 1000))
}
