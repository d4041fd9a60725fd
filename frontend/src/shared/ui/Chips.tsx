import { Check, X } from 'lucide-react'
import styles from './Chips.module.css'

interface ChoiceChipsProps<T extends string> {
  label: string
  /** `note` stands quietly behind the label, as a count does; its room is kept also while it is empty. */
  options: readonly { value: T; label: string; note?: string }[]
  value: T | undefined
  onChange: (value: T | undefined) => void
}

/** One of several, or none: a second press takes the choice back. */
export function ChoiceChips<T extends string>({ label, options, value, onChange }: ChoiceChipsProps<T>) {
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>{label}</legend>
      {options.map((option) => {
        const isOn = option.value === value
        return (
          <button
            key={option.value}
            type="button"
            className={styles.chip}
            aria-pressed={isOn}
            onClick={() => onChange(isOn ? undefined : option.value)}
          >
            {isOn ? <Check aria-hidden="true" /> : null}
            {option.label}
            {option.note === undefined ? null : <span className={styles.note}>{option.note}</span>}
          </button>
        )
      })}
    </fieldset>
  )
}

interface RemovableChipProps {
  children: string
  what?: string
  onRemove: () => void
}

export function RemovableChip({ children, what = 'filter', onRemove }: RemovableChipProps) {
  return (
    <button type="button" className={styles.chip} aria-pressed="true" onClick={onRemove}>
      {children}
      <X aria-label={`remove this ${what}`} />
    </button>
  )
}
