import type { ComponentProps, ReactNode } from 'react'
import { Tooltip } from '@/shared/ui/Tooltip'
import styles from './Button.module.css'

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'danger'

interface ButtonProps extends ComponentProps<'button'> {
  kind?: ButtonKind
  icon?: ReactNode
  isBusy?: boolean
}

export function Button({
  kind = 'plain',
  icon,
  isBusy,
  children,
  className,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`${buttonClass(kind)} ${className ?? ''}`}
      disabled={disabled || isBusy}
      aria-busy={isBusy || undefined}
    >
      {icon}
      <span>{children}</span>
    </button>
  )
}

/** For links that look like buttons. */
export function buttonClass(kind: ButtonKind = 'plain'): string {
  return `${styles.button} ${styles[kind]}`
}

interface IconButtonProps extends ComponentProps<'button'> {
  label: string
  keys?: string
  side?: 'top' | 'right' | 'bottom' | 'left'
}

/** An icon alone: its name and key are in the tooltip. */
export function IconButton({ label, keys, side, children, className, ...rest }: IconButtonProps) {
  return (
    <Tooltip label={label} keys={keys} side={side}>
      <button type="button" aria-label={label} {...rest} className={`${styles.icon} ${className ?? ''}`}>
        {children}
      </button>
    </Tooltip>
  )
}

export function iconButtonClass(): string {
  return styles.icon ?? ''
}
