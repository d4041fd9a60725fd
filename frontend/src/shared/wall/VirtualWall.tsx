import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type GridWish, type Line, linesOf, type TileGrid } from '@/shared/wall/lines'
import type { Placed } from '@/shared/wall/place'
import { type Drawn, Stage } from '@/shared/wall/stage'
import { useGrid } from '@/shared/wall/useGrid'
import { useStanding } from '@/shared/wall/useStanding'
import { useWallKeys } from '@/shared/wall/useWallKeys'
import styles from '@/shared/wall/VirtualWall.module.css'
import type { Wall } from '@/shared/wall/wall'

export interface VirtualWallProps<T extends Placed, Q> {
  /** The list; whoever shows the wall opens it (`wall.open`). */
  wall: Wall<T, Q>
  /** Sizes of the tiles; a constant. */
  wish: GridWish
  /** Says what is being read, for screen readers. */
  loadingLabel: string
  /** Rows of one group follow each other; a constant function. */
  groupOf: (row: T) => string
  heading: (group: string) => ReactNode
  /** Fills a box of the grid's size. The first link or button in it is what the arrow keys walk to. */
  tile: (row: T, index: number, grid: TileGrid) => ReactNode
  skeleton: () => ReactNode
  /** The rows in view and a little around them, and where they stand among those held; after each change. */
  onView?: (rows: readonly T[], start: number) => void
  /** Scrolling has stopped here; null: at the head. To be kept in the URL (`wall.open` with a `place`). */
  onPlace?: (place: string | null) => void
  /** Height of what covers the window's top, in root em. */
  insetEm?: number
  /** When the oldest row of the whole list came, if known, in milliseconds. */
  oldest?: number
}

/**
 * A list of any length as a wall of tiles that scrolls with the page: only the lines in the window exist, only the
 * rows around it are held, and what is in view stays where it is while rows are put in, dropped or deleted.
 */
export function VirtualWall<T extends Placed, Q>(props: VirtualWallProps<T, Q>) {
  const [stage] = useState(() => new Stage(props.wall))
  const [box, setBox] = useState<HTMLDivElement | null>(null)
  const grid = useGrid(box, props.wish)
  const hold = useCallback(
    (element: HTMLDivElement | null) => {
      stage.box = element
      setBox(element)
    },
    [stage],
  )
  const isReading = props.wall.use((state) => state.isReading)
  return (
    <div ref={hold} className={styles.wall} data-testid="tile-wall" aria-busy={isReading}>
      {grid ? <Lines {...props} stage={stage} grid={grid} /> : null}
    </div>
  )
}

interface LinesProps<T extends Placed, Q> extends VirtualWallProps<T, Q> {
  stage: Stage<T, Q>
  grid: TileGrid
}

const NO_ROWS: readonly never[] = []

function Lines<T extends Placed, Q>(props: LinesProps<T, Q>) {
  const { wall, stage, grid, groupOf, insetEm = 3.25, oldest, onPlace, onView } = props
  const held = wall.use((state) => state.window)
  const isReading = wall.use((state) => state.isReading)
  const rows = held?.rows ?? NO_ROWS
  const pins = held?.pins ?? NO_ROWS
  const all = useMemo(() => linesOf(rows, pins, groupOf, grid), [rows, pins, groupOf, grid])
  const drawn = useStanding(wall, stage, { lines: all, insetEm, oldest, onPlace })
  const onKeyDown = useWallKeys({ wall, stage, lines: all, insetEm })
  const lines = all.lines.slice(drawn.first, drawn.last)
  const [start, end] = [lines[0]?.start ?? 0, lines.at(-1)?.end ?? 0]
  const view = useRef(onView)
  useEffect(() => {
    view.current = onView
  })
  useEffect(() => view.current?.(rows.slice(start, end), start), [rows, start, end])
  return (
    // The arrow keys walk between the links inside; the wall itself takes no focus.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className={styles.space} style={{ height: drawn.standing.total }} onKeyDown={onKeyDown}>
      <Skeletons {...props} drawn={drawn} height={all.height} isOpening={held === null && isReading} />
      {lines.map((line) => (
        <LineOf key={keyOf(line, rows)} {...props} line={line} rows={rows} above={drawn.standing.above} />
      ))}
    </div>
  )
}

/** Lines keep their element while rows are put in above them. */
function keyOf(line: Line, rows: readonly Placed[]): string {
  return line.kind === 'heading' ? `group-${line.group}` : `line-${rows[line.start]?.id}`
}

interface LineProps<T extends Placed, Q> extends LinesProps<T, Q> {
  line: Line
  rows: readonly T[]
  above: number
}

function LineOf<T extends Placed, Q>({ line, rows, above, grid, heading, tile }: LineProps<T, Q>) {
  const style = { transform: `translateY(${above + line.top}px)`, height: line.height }
  if (line.kind === 'heading') {
    return (
      <h2 className={styles.heading} style={style}>
        {heading(line.group)}
      </h2>
    )
  }
  return (
    <div className={styles.line} style={{ ...style, gap: grid.gap }}>
      {rows.slice(line.start, line.end).map((row, offset) => (
        <div
          key={row.id}
          className={styles.tile}
          style={{ width: grid.tileWidth, height: grid.tileHeight }}
          data-index={line.start + offset}
          data-id={row.id}
        >
          {tile(row, line.start + offset, grid)}
        </div>
      ))}
    </div>
  )
}

interface SkeletonsProps<T extends Placed, Q> extends LinesProps<T, Q> {
  drawn: Drawn
  height: number
  isOpening: boolean
}

/** Holds the place of lines that are being read: where the whole list is, or where the window reaches beyond it. */
function Skeletons<T extends Placed, Q>({ drawn, height, isOpening, ...props }: SkeletonsProps<T, Q>) {
  const { grid, loadingLabel } = props
  const line = grid.tileHeight + grid.gap
  const { standing, missingAbove, missingBelow } = drawn
  const filling = Math.ceil(window.innerHeight / line)
  if (isOpening) {
    const top = props.wall.keepsRoom ? Math.max(0, standing.scroll) : 0
    return <SkeletonLines {...props} top={top + grid.headingHeight} count={filling} label={loadingLabel} />
  }
  const countAbove = Math.min(2 * filling, Math.ceil(missingAbove / line))
  const countBelow = Math.min(2 * filling, Math.floor(missingBelow / line))
  return (
    <>
      {countAbove > 0 ? (
        <SkeletonLines
          {...props}
          top={standing.above - countAbove * line}
          count={countAbove}
          label={loadingLabel}
        />
      ) : null}
      {countBelow > 0 ? (
        <SkeletonLines {...props} top={standing.above + height} count={countBelow} label={loadingLabel} />
      ) : null}
    </>
  )
}

interface SkeletonLinesProps {
  top: number
  count: number
  grid: TileGrid
  label: string
  skeleton: () => ReactNode
}

function SkeletonLines({ top, count, grid, label, skeleton }: SkeletonLinesProps) {
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        <div
          // Skeletons are all the same.
          // oxlint-disable-next-line react/no-array-index-key
          key={index}
          className={styles.line}
          aria-hidden="true"
          style={{
            transform: `translateY(${top + index * (grid.tileHeight + grid.gap)}px)`,
            height: grid.tileHeight + grid.gap,
            gap: grid.gap,
          }}
        >
          {Array.from({ length: grid.columns }, (_, column) => (
            <div
              // As above.
              // oxlint-disable-next-line react/no-array-index-key
              key={column}
              className={styles.tile}
              style={{ width: grid.tileWidth, height: grid.tileHeight }}
            >
              {skeleton()}
            </div>
          ))}
        </div>
      ))}
    </div>
  )
}
