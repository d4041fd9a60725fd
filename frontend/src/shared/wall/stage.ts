import { type Lines, linesWithin } from '@/shared/wall/lines'
import { type Placed, placeAt, placeOf } from '@/shared/wall/place'
import { anchorOf, instantOfRoom, settle, type Standing } from '@/shared/wall/standing'
import { rootFontSize } from '@/shared/wall/useGrid'
import type { Wall } from '@/shared/wall/wall'

/** Lines this far outside the window are drawn too. */
const OVERSCAN_PIXELS = 500
/** Fewer rows than this at an end are not worth dropping. */
const FEWEST_DROPPED = 60
/** Room for a heading above the place where the list is opened by the scroll bar. */
const HEADING_PIXELS = 48

const NOWHERE: Standing = { above: 0, total: 0, scroll: 0 }

export interface StageOptions {
  lines: Lines
  /** Height of what covers the window's top, in root em. */
  insetEm: number
  /** When the oldest row of the whole list came, if that is known; in milliseconds. */
  oldest?: number
  /** Scrolling has stopped at this place; null: at the head of the list. */
  onPlace?: (place: string | null) => void
}

export interface Drawn {
  standing: Standing
  /** Indices of lines. */
  first: number
  last: number
  /** How far the window reaches beyond what is held, in pixels. */
  missingAbove: number
  missingBelow: number
}

/**
 * Between the list and the browser's scrolling: knows the wall's box, holds the first tile in view where it is while
 * rows come and go, and reads and drops rows as one scrolls. `useStanding` drives it.
 */
export class Stage<T extends Placed, Q> {
  box: HTMLElement | null = null
  options: StageOptions | null = null
  shown: Drawn | null = null
  private committed = NOWHERE
  private opened: number | null = null
  private readonly wall: Wall<T, Q>

  constructor(wall: Wall<T, Q>) {
    this.wall = wall
  }

  /** How far the box's top is above the window's top. */
  get scroll(): number {
    return this.box === null ? 0 : -this.box.getBoundingClientRect().top
  }

  /** Height of the room above the first line that is held. */
  get above(): number {
    return this.committed.above
  }

  /** Where everything stands with these lines. Changes nothing yet. */
  settle(lines: Lines, opening: number): Standing {
    const { wall } = this
    const { window: held } = wall.use.getState()
    const before = { ...this.committed, scroll: this.scroll }
    const afresh = { ...NOWHERE, scroll: before.scroll }
    if (held === null) return wall.keepsRoom ? before : afresh
    return settle({
      rows: held.rows,
      lines,
      goesOnAbove: held.newer !== null,
      goesOnBelow: held.older !== null,
      before: this.opened === opening || wall.keepsRoom ? before : afresh,
      anchor: wall.isAtHead ? null : wall.anchor,
      viewHeight: window.innerHeight,
    })
  }

  /** What is to be drawn when it stands like that. */
  draw(settled: Standing, lines: Lines): Drawn {
    return this.drawnAt(settled, settled === this.committed ? this.scroll : settled.scroll, lines)
  }

  private drawnAt(standing: Standing, scroll: number, lines: Lines): Drawn {
    const isOpen = this.wall.use.getState().window !== null
    const top = scroll - standing.above
    const bottom = top + window.innerHeight
    const below = Math.max(0, standing.total - standing.above - lines.height)
    return {
      standing,
      ...linesWithin(lines, top - OVERSCAN_PIXELS, bottom + OVERSCAN_PIXELS),
      missingAbove: isOpen ? Math.max(0, Math.min(standing.above, -top)) : 0,
      missingBelow: isOpen ? Math.max(0, Math.min(below, bottom + OVERSCAN_PIXELS - lines.height)) : 0,
    }
  }

  /** It stands like that on the page now: scrolls there before it is painted. */
  commit(settled: Standing, opening: number): void {
    const isNew = this.opened !== opening
    this.committed = settled
    const { start, window: held } = this.wall.use.getState()
    if (isNew && start.kind === 'head') window.scrollTo({ top: 0, behavior: 'instant' })
    else if (isNew && held && start.kind === 'tail')
      window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })
    else if (held && Math.abs(settled.scroll - this.scroll) > 0.5)
      window.scrollBy({ top: settled.scroll - this.scroll, behavior: 'instant' })
    if (held) this.opened = opening
  }

  /** Remembers what is in view, reads and drops what that asks for; true when something else is to be drawn. */
  look(): boolean {
    const held = this.wall.use.getState().window
    if (held === null || this.options === null || this.shown === null) return false
    const { lines, insetEm } = this.options
    const standing = { ...this.committed, scroll: this.scroll }
    const inset = insetEm * rootFontSize()
    this.wall.anchor = anchorOf(held.rows, lines, standing, inset) ?? this.wall.anchor
    const firstTiles = lines.lines[1]?.top ?? 0
    this.wall.isAtHead = held.newer === null && standing.scroll + inset <= standing.above + firstTiles + 1
    this.readAndDrop(lines, standing)
    const next = this.drawnAt(this.committed, standing.scroll, lines)
    const { first, last, missingAbove, missingBelow } = this.shown
    const isSame = next.first === first && next.last === last
    return !isSame || next.missingAbove > missingAbove || next.missingBelow > missingBelow
  }

  private readAndDrop(all: Lines, { above, scroll }: Standing): void {
    const viewHeight = window.innerHeight
    const top = scroll - above
    const bottom = top + viewHeight
    const ahead = Math.max(1200, 1.5 * viewHeight)
    if (bottom + ahead > all.height) void this.wall.readOlder()
    if (top - ahead < 0) void this.wall.readNewer()
    const kept = Math.max(4000, 6 * viewHeight)
    const { first, last } = linesWithin(all, top - kept, bottom + kept)
    const count = this.wall.use.getState().window?.rows.length ?? 0
    const start = all.lines[first]?.start ?? 0
    const end = all.lines[last - 1]?.end ?? count
    const dropsAbove = start > FEWEST_DROPPED
    const dropsBelow = count - end > FEWEST_DROPPED
    if (dropsAbove || dropsBelow) this.wall.keep(dropsAbove ? start : 0, dropsBelow ? end : count)
  }

  /** Scrolling has stopped. */
  rest(): void {
    if (this.options === null || this.wall.use.getState().window === null || this.openRoom()) return
    const { anchor, isAtHead } = this.wall
    this.options.onPlace?.(isAtHead || anchor === null ? null : placeOf(anchor.place))
  }

  /** Dragged into the room where nothing is held: opens the list at the time that this part of the room stands for. */
  private openRoom(): boolean {
    const rows = this.wall.use.getState().window?.rows ?? []
    const [first, last] = [rows[0], rows.at(-1)]
    if (!first || !last || this.options === null) return false
    const { lines, insetEm, oldest } = this.options
    const standing = { ...this.committed, scroll: this.scroll }
    const instant = instantOfRoom(standing, lines, window.innerHeight, {
      newest: Date.now(),
      first: Date.parse(first.createdAt),
      last: Date.parse(last.createdAt),
      oldest: oldest ?? Date.parse(last.createdAt),
    })
    if (instant === null) return false
    if (standing.scroll <= 0) {
      void this.wall.reopen({ kind: 'head' })
      return true
    }
    const top = insetEm * rootFontSize() + HEADING_PIXELS
    void this.wall.reopen({ kind: 'place', anchor: { place: placeAt(new Date(instant)), top } }, true)
    return true
  }
}
