import type { ReactNode } from 'react'
import { Tooltip as Primitive } from 'radix-ui'
import { spellKeys } from '@/shared/keys/keymap'
import styles from './Tooltip.module.css'

interface TooltipProps {
  label: string
  keys?: string
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

/** Names the control under the pointer or focus, and the key that does the same. */
export function Tooltip({ label, keys, side = 'bottom', children }: TooltipProps) {
  return (
    <Primitive.Root>
      <Primitive.Trigger asChild>{children}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content className={styles.content} side={side} sideOffset={6} collisionPadding={8}>
          {label}
          {keys ? <Keys spec={keys} /> : null}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}

export function Keys({ spec }: { spec: string }) {
  return (
    <span className={styles.keys}>
      {spellKeys(spec).map((key, index) => (
        // The same key may come twice in a sequence; the order never changes.
        // oxlint-disable-next-line react/no-array-index-key
        <kbd key={`${key}-${index}`}>{key}</kbd>
      ))}
    </span>
  )
}
