import styles from './FilterBar.module.css'

interface Days {
  from?: string
  to?: string
}

interface DayFieldsProps extends Days {
  /** What happened on these days. */
  label: string
  onChange: (days: Days) => void
}

export function DayFields({ label, from, to, onChange }: DayFieldsProps) {
  return (
    <span className={styles.days}>
      <label>
        {label ? `${label} from ` : 'From '}
        <input
          type="date"
          value={from ?? ''}
          max={to}
          onChange={(event) => onChange({ from: event.target.value || undefined, to })}
        />
      </label>
      <label>
        {'to '}
        <input
          type="date"
          aria-label={label ? `${label} to` : undefined}
          value={to ?? ''}
          min={from}
          onChange={(event) => onChange({ from, to: event.target.value || undefined })}
        />
      </label>
    </span>
  )
}
