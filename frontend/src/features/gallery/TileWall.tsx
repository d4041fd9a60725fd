import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import type { ImageFilters } from '@/shared/api/imageFilters'
import type { ImageSummary } from '@/shared/api/types'
import { formatDayHeading } from '@/shared/format/dates'
import { keepAround, readNext, useGallery } from './galleryStore'
import type { Entry, ImageList } from './imageList'
import { gridFor, type Row, rowHeight, rowsOf, type TileGrid } from './rows'
import { tick, useSelection } from './selection'
import { Tile, TileSkeleton } from './Tile'
import styles from './TileWall.module.css'
import { usePendingPoll } from './usePendingPoll'
import { useTileKeys } from './useTileKeys'

interface TileWallProps {
  list: ImageList
  filters: ImageFilters
  isReading: boolean
}

/** Only the rows in the window exist; a list of any length costs the same. */
export function TileWall({ list, filters, isReading }: TileWallProps) {
  const wall = useRef<HTMLDivElement>(null)
  const grid = useGrid(wall)
  const rows = useMemo(() => (grid ? rowsOf(list.entries, grid.columns) : []), [list.entries, grid])
  return (
    <div ref={wall} className={styles.wall} data-testid="tile-wall" aria-busy={isReading}>
      {grid ? (
        <Rows list={list} filters={filters} rows={rows} grid={grid} wall={wall} isReading={isReading} />
      ) : null}
    </div>
  )
}

function useGrid(wall: React.RefObject<HTMLDivElement | null>): TileGrid | null {
  const [grid, setGrid] = useState<TileGrid | null>(null)
  useLayoutEffect(() => {
    const element = wall.current
    if (!element) return
    function measure(): void {
      if (!element) return
      const rootFontSize = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
      const next = gridFor(element.clientWidth, rootFontSize)
      setGrid((before) => (before && JSON.stringify(before) === JSON.stringify(next) ? before : next))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [wall])
  return grid
}

interface RowsProps extends TileWallProps {
  rows: readonly Row[]
  grid: TileGrid
  wall: React.RefObject<HTMLDivElement | null>
}

function Rows({ list, filters, rows, grid, wall, isReading }: RowsProps) {
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (index) => rowHeight(rows[index] ?? { kind: 'day', day: '' }, grid),
    overscan: 3,
    scrollMargin: wall.current?.offsetTop ?? 0,
    initialOffset: () => useGallery.getState().scrollY,
  })
  useEffect(() => virtualizer.measure(), [grid, rows, virtualizer])
  useScrollMemory(list.entries.length > 0)
  const items = virtualizer.getVirtualItems()
  const shown = items.flatMap((item) => entriesOf(rows[item.index], list.entries))
  useReadAhead(items.at(-1)?.index ?? 0, rows.length, list, shown)
  usePendingPoll(shown.flatMap((entry) => list.images.get(entry.id) ?? []))
  const scrollToEntry = (index: number) => {
    const row = rows.findIndex((one) => one.kind === 'tiles' && index >= one.start && index < one.end)
    if (row !== -1) virtualizer.scrollToIndex(row)
  }
  const onKeyDown = useTileKeys(wall, list.entries.length, grid.columns, scrollToEntry)
  return (
    // The arrow keys walk between the links inside; the wall itself takes no focus.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className={styles.space} style={{ height: virtualizer.getTotalSize() }} onKeyDown={onKeyDown}>
      {items.map((item) => {
        const row = rows[item.index]
        if (!row) return null
        const style = {
          transform: `translateY(${item.start - virtualizer.options.scrollMargin}px)`,
          height: item.size,
        }
        return row.kind === 'day' ? (
          <h2 key={`day-${row.day}`} className={styles.day} style={style}>
            {formatDayHeading(row.day)}
          </h2>
        ) : (
          <div
            key={list.entries[row.start]?.id ?? item.key}
            className={styles.row}
            style={{ ...style, gap: grid.gap }}
          >
            <TilesOfRow row={row} list={list} filters={filters} grid={grid} />
          </div>
        )
      })}
      {isReading ? (
        <SkeletonRow top={virtualizer.getTotalSize()} grid={grid} isFirst={rows.length === 0} />
      ) : null}
    </div>
  )
}

function entriesOf(row: Row | undefined, entries: readonly Entry[]): readonly Entry[] {
  return row?.kind === 'tiles' ? entries.slice(row.start, row.end) : []
}

interface TilesOfRowProps {
  row: Extract<Row, { kind: 'tiles' }>
  list: ImageList
  filters: ImageFilters
  grid: TileGrid
}

function TilesOfRow({ row, list, filters, grid }: TilesOfRowProps) {
  const selected = useSelection((state) => state.ids)
  function onTick(id: number, isRange: boolean): void {
    const order = list.entries.map((entry) => entry.id)
    useSelection.setState((state) => tick(state, order, id, isRange))
  }
  return list.entries.slice(row.start, row.end).map((entry, offset) => {
    const image: ImageSummary | undefined = list.images.get(entry.id)
    return image ? (
      <Tile
        key={entry.id}
        image={image}
        index={row.start + offset}
        filters={filters}
        grid={grid}
        isSelected={selected.has(entry.id)}
        isSelecting={selected.size > 0}
        onTick={onTick}
      />
    ) : (
      <TileSkeleton key={entry.id} grid={grid} />
    )
  })
}

function SkeletonRow({ top, grid, isFirst }: { top: number; grid: TileGrid; isFirst: boolean }) {
  const count = isFirst ? grid.columns * 3 : grid.columns
  return (
    <div
      className={styles.skeletons}
      style={{ top: isFirst ? grid.headingHeight : top, gap: grid.gap }}
      role="status"
      aria-label="Loading images"
    >
      {Array.from({ length: count }, (_, index) => (
        // Skeletons are all the same.
        // oxlint-disable-next-line react/no-array-index-key
        <TileSkeleton key={index} grid={grid} />
      ))}
    </div>
  )
}

const ROWS_AHEAD = 8

/** Reads the next page before the end comes into view, and lets go of what lies far away. */
function useReadAhead(lastRow: number, rowCount: number, list: ImageList, shown: readonly Entry[]): void {
  const hasError = useGallery((state) => state.error !== null)
  const isNearEnd = lastRow >= rowCount - ROWS_AHEAD
  useEffect(() => {
    if (isNearEnd && !hasError && list.pages.length > 0) void readNext()
  }, [isNearEnd, hasError, list])
  const firstPage = shown[0]?.pageIndex ?? 0
  const lastPage = shown.at(-1)?.pageIndex ?? 0
  useEffect(() => {
    if (shown.length > 0) keepAround(firstPage, lastPage)
  }, [firstPage, lastPage, shown.length])
}

/** Coming back from an image finds the place where one was. */
function useScrollMemory(hasEntries: boolean): void {
  useLayoutEffect(() => {
    if (hasEntries) window.scrollTo({ top: useGallery.getState().scrollY })
  }, [hasEntries])
  useEffect(() => {
    function remember(): void {
      // Leaving the page also scrolls to the top, when this page is no longer there.
      if (window.location.pathname === '/') useGallery.setState({ scrollY: window.scrollY })
    }
    window.addEventListener('scroll', remember, { passive: true })
    return () => window.removeEventListener('scroll', remember)
  }, [])
}
