import type { ReactNode } from 'react'
import { X } from 'lucide-react'
import { IconButton } from '@/shared/ui/Button'
import styles from './ActsBar.module.css'

interface ActsBarProps {
  label: string
  /** How many are selected; read aloud as it changes. */
  selected: ReactNode
  onClear: () => void
  /** What can be done with them. */
  children: ReactNode
}

/** Floats above the foot of the window while something is selected. Toasts and the page make room for it. */
export function ActsBar({ label, selected, onClear, children }: ActsBarProps) {
  return (
    <div className={styles.bar} role="toolbar" aria-label={label} data-acts-bar>
      <span className={styles.selected} aria-live="polite">
        {selected}
      </span>
      {children}
      <IconButton
        label="Clear the selection"
        keys="Escape"
        side="top"
        className={styles.clear}
        onClick={onClear}
      >
        <X />
      </IconButton>
    </div>
  )
}
