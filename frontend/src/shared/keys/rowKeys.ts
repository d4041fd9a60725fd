import type { RefObject } from 'react'
import { useCommands } from '@/shared/keys/commands'

/** `j` and `k` walk the rows: the row itself takes the focus if it can, else the first link in it. */
export function useRowKeys(body: RefObject<HTMLElement | null>, group: string): void {
  function walk(step: 1 | -1): void {
    const rows = [...(body.current?.children ?? [])].filter((row) => row instanceof HTMLElement)
    const at = rows.findIndex((row) => row.contains(document.activeElement))
    const next = at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))
    const row = rows[next]
    const target = row?.hasAttribute('tabindex') ? row : row?.querySelector<HTMLElement>('a, button')
    target?.focus()
    row?.scrollIntoView({ block: 'nearest' })
  }
  useCommands([
    { id: 'row-next', title: 'Next row', group, keys: ['j'], run: () => walk(1) },
    { id: 'row-before', title: 'Row before', group, keys: ['k'], run: () => walk(-1) },
  ])
}
