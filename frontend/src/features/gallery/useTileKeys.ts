import { type KeyboardEvent, type RefObject, useCallback } from 'react'

/** Arrow keys walk over the wall, Home and End to its ends; tiles that are not drawn yet are scrolled to first. */
export function useTileKeys(
  wall: RefObject<HTMLDivElement | null>,
  count: number,
  columns: number,
  scrollTo: (index: number) => void,
): (event: KeyboardEvent) => void {
  const focus = useCallback(
    (index: number) => {
      const find = () => wall.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)
      const tile = find()
      if (tile) {
        tile.focus()
        return
      }
      scrollTo(index)
      requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()))
    },
    [wall, scrollTo],
  )
  return (event) => {
    const target =
      event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-index]') : null
    if (!target || event.altKey || event.ctrlKey || event.metaKey) return
    const at = Number(target.dataset.index)
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + columns,
      ArrowUp: at - columns,
      Home: 0,
      End: count - 1,
    }
    const next = steps[event.key]
    if (next === undefined) return
    event.preventDefault()
    focus(Math.max(0, Math.min(count - 1, next)))
  }
}
