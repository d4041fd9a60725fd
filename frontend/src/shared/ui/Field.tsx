import { type ComponentProps, type ReactNode, useId } from 'react'
import styles from './Field.module.css'

interface FieldProps extends Omit<ComponentProps<'input'>, 'id'> {
  label: string
  hint?: ReactNode
  trouble?: string | null
}

export function Field({ label, hint, trouble, className, ...input }: FieldProps) {
  const id = useId()
  return (
    <div className={`${styles.field} ${className ?? ''}`}>
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        className={styles.input}
        aria-invalid={trouble ? true : undefined}
        aria-describedby={trouble || hint ? `${id}-words` : undefined}
      />
      {trouble || hint ? (
        <div id={`${id}-words`} className={trouble ? styles.trouble : styles.hint}>
          {trouble || hint}
        </div>
      ) : null}
    </div>
  )
}

interface SelectFieldProps extends Omit<ComponentProps<'select'>, 'id'> {
  label: string
  /** The label is there for screen readers only, as in a table row. */
  isLabelHidden?: boolean
}

export function SelectField({ label, isLabelHidden, className, children, ...select }: SelectFieldProps) {
  const id = useId()
  return (
    <div className={`${styles.field} ${className ?? ''}`}>
      <label htmlFor={id} className={isLabelHidden ? 'visually-hidden' : undefined}>
        {label}
      </label>
      <select {...select} id={id} className={styles.input}>
        {children}
      </select>
    </div>
  )
}
