import type { ReactNode, RefObject } from 'react'
import { DropdownMenu } from 'radix-ui'
import { Check } from 'lucide-react'
import styles from './Menu.module.css'

/* Not modal: the modal variant locks scrolling with a <style> element, which the content security policy forbids. */
export function Menu({ trigger, children }: { trigger: ReactNode; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align="end" sideOffset={6} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

/** A menu whose button is on the page before the menu has come. */
export interface MenuUnder {
  button: RefObject<HTMLElement | null>
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
}

/** The primitive opens below a trigger: an unseen one as large as what holds both, which must be positioned. */
export function MenuBelow({ button, isOpen, onOpenChange, children }: MenuUnder & { children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false} open={isOpen} onOpenChange={onOpenChange}>
      <DropdownMenu.Trigger asChild>
        <span className={styles.below} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className={styles.menu}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-labelledby={undefined}
          aria-label={button.current?.getAttribute('aria-label') ?? undefined}
          onInteractOutside={(event) => {
            // The button closes what it has opened; closed by the press, it would be opened again by the click.
            if (event.target instanceof Node && button.current?.contains(event.target)) event.preventDefault()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            button.current?.focus()
          }}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

interface MenuItemProps {
  onSelect: () => void
  icon?: ReactNode
  disabled?: boolean
  children: ReactNode
}

export function MenuItem({ onSelect, icon, disabled, children }: MenuItemProps) {
  return (
    <DropdownMenu.Item className={styles.item} onSelect={onSelect} disabled={disabled}>
      {icon}
      {children}
    </DropdownMenu.Item>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className={styles.label}>{children}</DropdownMenu.Label>
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className={styles.separator} />
}

interface MenuChoicesProps {
  label: string
  value: string
  onChange: (value: string) => void
  children: ReactNode
}

/** One of several, with a tick at the one that holds. */
export function MenuChoices({ label, value, onChange, children }: MenuChoicesProps) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={onChange} aria-label={label}>
      {children}
    </DropdownMenu.RadioGroup>
  )
}

interface MenuChoiceProps {
  value: string
  detail?: string | null
  children: string
}

export function MenuChoice({ value, detail, children }: MenuChoiceProps) {
  return (
    <DropdownMenu.RadioItem className={`${styles.item} ${styles.choice}`} value={value}>
      <span className={styles.tick}>
        <DropdownMenu.ItemIndicator>
          <Check aria-hidden="true" />
        </DropdownMenu.ItemIndicator>
      </span>
      <span className={styles.words}>
        <span>{children}</span>
        {detail ? <span className={styles.detail}>{detail}</span> : null}
      </span>
    </DropdownMenu.RadioItem>
  )
}
