import { useLayoutEffect, useState } from 'react'
import { gridFor, type GridWish, type TileGrid } from '@/shared/wall/lines'

/** The grid that fits the box; null until it has been measured. `wish` is a constant of the caller. */
export function useGrid(box: HTMLElement | null, wish: GridWish): TileGrid | null {
  const [grid, setGrid] = useState<TileGrid | null>(null)
  useLayoutEffect(() => {
    if (box === null) return
    const element = box
    function measure(): void {
      const next = gridFor(element.clientWidth, rootFontSize(), wish)
      setGrid((before) => (before && JSON.stringify(before) === JSON.stringify(next) ? before : next))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [box, wish])
  return grid
}

export function rootFontSize(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
}
