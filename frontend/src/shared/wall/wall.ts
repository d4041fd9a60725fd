import { create } from 'zustand'
import { ApiProblem } from '@/shared/api/client'
import {
  appendOlder,
  expectNewer,
  keepRows,
  type KeysetPage,
  type KeysetWindow,
  openWindow,
  pinAt,
  prependNewer,
  removeRows,
  replaceRows,
  takeStretch,
} from '@/shared/wall/keysetWindow'
import { compare, type Placed, placeBefore, placeOf } from '@/shared/wall/place'
import type { Anchor, Start } from '@/shared/wall/standing'

export interface PageQuestion {
  /** Null: from the head (`next`) or from the tail (`prev`). */
  cursor: string | null
  direction: 'next' | 'prev'
  limit: number
}

export interface WallState<T extends Placed, Q> {
  /** Names the question; null: nothing is open. */
  key: string | null
  query: Q | null
  /** Null while the first page is read. */
  window: KeysetWindow<T> | null
  /** Counts openings: what is drawn begins anew with each. */
  opening: number
  start: Start
  isReading: boolean
  error: unknown
  /** Newer rows have come while one looks further down; they are not pushed in under anybody's eyes. */
  hasNews: boolean
  /** The server could not read the place; the head is shown instead. */
  isPlaceRefused: boolean
}

interface WallOptions<T, Q> {
  name: string
  read: (query: Q, question: PageQuestion, signal: AbortSignal) => Promise<KeysetPage<T>>
  pageSize: number
}

/** The server answers at most so many rows a page. */
const LARGEST_PAGE = 100

const HEAD: Start = { kind: 'head' }

/**
 * A list of any length around the place that is looked at: the state behind `VirtualWall`. It outlives the page that
 * shows it, so that coming back finds it as it was. `T` are the rows, `Q` what is asked for (filters).
 */
export class Wall<T extends Placed, Q> {
  readonly use
  /** The first tile in view when it was last looked at; kept by `VirtualWall`. */
  anchor: Anchor | null = null
  /** One looks at the very beginning: what is new may appear there. */
  isAtHead = true
  /** The list was opened again where the scroll bar stands: the room around it stays as large as it is. */
  keepsRoom = false
  /** The newest row that was ever held since the list was opened. */
  newestSeen: Placed | null = null
  private underWay = new Map<string, AbortController>()
  private readonly options: WallOptions<T, Q>

  constructor(options: WallOptions<T, Q>) {
    this.options = options
    this.use = create<WallState<T, Q>>(() => this.closed(0))
  }

  private closed(opening: number): WallState<T, Q> {
    return {
      key: null,
      query: null,
      window: null,
      opening,
      start: HEAD,
      isReading: false,
      error: null,
      hasNews: false,
      isPlaceRefused: false,
    }
  }

  /** The place that is looked at, as it stands in an address; null: none yet. */
  get placeText(): string | null {
    return this.anchor === null ? null : placeOf(this.anchor.place)
  }

  get name(): string {
    return this.options.name
  }

  private get state(): WallState<T, Q> {
    return this.use.getState()
  }

  /** Opens the list at its head, its tail, or a place; what was under way for another one is cancelled. */
  async open(key: string, query: Q, start: Start = HEAD): Promise<void> {
    this.cancel()
    this.anchor = start.kind === 'place' ? start.anchor : null
    this.isAtHead = start.kind === 'head'
    this.keepsRoom = false
    this.newestSeen = null
    this.use.setState({ ...this.closed(this.state.opening + 1), key, query, start })
    await this.first()
    if (start.kind !== 'place' || !isBadPlace(this.state.error) || this.state.start !== start) return
    const head = this.open(key, query)
    this.use.setState({ isPlaceRefused: true })
    await head
  }

  /** The same list at another place. */
  async reopen(start: Start, keepsRoom = false): Promise<void> {
    const { key, query } = this.state
    if (key === null || query === null) return
    const opened = this.open(key, query, start)
    this.keepsRoom = keepsRoom
    await opened
  }

  /** Asks again what could not be read. */
  async retry(): Promise<void> {
    if (this.state.key === null || this.state.error === null) return
    this.use.setState({ error: null })
    if (this.state.window === null) await this.first()
  }

  private async first(): Promise<void> {
    const { start } = this.state
    const cursor = start.kind === 'place' ? placeBefore(start.anchor.place) : null
    const direction = start.kind === 'tail' ? 'prev' : 'next'
    await this.ask('first', { cursor, direction, limit: this.options.pageSize }, (page) => openWindow(page))
  }

  async readOlder(): Promise<void> {
    const cursor = this.state.window?.older ?? null
    if (cursor === null || this.state.error !== null) return
    await this.ask('older', { cursor, direction: 'next', limit: this.options.pageSize }, (page, window) =>
      appendOlder(window, cursor, page),
    )
  }

  async readNewer(): Promise<void> {
    const cursor = this.state.window?.newer ?? null
    if (cursor === null || this.state.error !== null) return
    await this.ask('newer', { cursor, direction: 'prev', limit: this.options.pageSize }, (page, window) =>
      prependNewer(window, cursor, page),
    )
  }

  /** One question of a kind at a time; its answer counts only for the list that asked. */
  private async ask(
    kind: 'first' | 'older' | 'newer' | 'stretch',
    question: PageQuestion,
    take: (page: KeysetPage<T>, window: KeysetWindow<T>) => KeysetWindow<T>,
  ): Promise<void> {
    const { query, window } = this.state
    if (query === null || this.underWay.has(kind)) return
    const stop = new AbortController()
    this.underWay.set(kind, stop)
    this.use.setState({ isReading: true })
    try {
      const page = await this.options.read(query, question, stop.signal)
      if (stop.signal.aborted) return
      this.underWay.delete(kind)
      const held = this.state.window ?? (kind === 'first' ? openWindow(page) : null)
      const next = held && take(page, held)
      if (next?.newer === null) this.newestSeen = next.rows[0] ?? this.newestSeen
      this.use.setState({ window: next, isReading: this.underWay.size > 0, error: null })
    } catch (error) {
      if (stop.signal.aborted) return
      this.underWay.delete(kind)
      // A stretch is only a second look: what is shown stays right enough, and it is asked again soon.
      const isWorthAWord = kind !== 'stretch' || window === null
      this.use.setState((state) => ({
        isReading: this.underWay.size > 0,
        error: isWorthAWord ? error : state.error,
      }))
    }
  }

  /** Keeps these rows and drops the others at both ends. */
  keep(start: number, end: number): void {
    this.change((window) => keepRows(window, start, end))
  }

  replace(rows: readonly T[]): void {
    this.change((window) => replaceRows(window, rows))
  }

  remove(ids: Iterable<number>): void {
    const gone = new Set(ids)
    this.change((window) => removeRows(this.pinned(window), gone))
  }

  /** What is in view stays in its columns too, when rows above it come or go. */
  private pinned(window: KeysetWindow<T>): KeysetWindow<T> {
    return this.isAtHead || this.anchor === null ? window : pinAt(window, this.anchor.place)
  }

  private change(by: (window: KeysetWindow<T>) => KeysetWindow<T>): void {
    const { window } = this.state
    if (window === null) return
    const next = by(window)
    if (next !== window) this.use.setState({ window: next })
  }

  /** Reads the newest again; further down only a word that there is news. */
  async refreshHead(): Promise<void> {
    const { window, error } = this.state
    if (window === null) {
      if (error !== null) await this.retry()
      return
    }
    if (this.isAtHead) {
      const limit = this.options.pageSize
      await this.ask('stretch', { cursor: null, direction: 'next', limit }, (page, held) =>
        // Meanwhile one may have gone further down, and the head been dropped.
        held.newer === null ? takeStretch(held, null, page) : held,
      )
      this.use.setState({ hasNews: false })
      return
    }
    await this.lookForNews()
  }

  private async lookForNews(): Promise<void> {
    const { query } = this.state
    if (query === null || this.underWay.has('stretch') || this.state.hasNews) return
    const stop = new AbortController()
    this.underWay.set('stretch', stop)
    try {
      const page = await this.options.read(query, { cursor: null, direction: 'next', limit: 1 }, stop.signal)
      const newest = page.rows[0]
      if (stop.signal.aborted || newest === undefined) return
      const isNews = this.newestSeen !== null && compare(newest, this.newestSeen) < 0
      this.newestSeen ??= newest
      if (!isNews) return
      this.change(expectNewer)
      this.use.setState({ hasNews: true })
    } catch {
      // Not worth a word: it is asked again soon.
    } finally {
      if (this.underWay.get('stretch') === stop) this.underWay.delete('stretch')
    }
  }

  /** Reads the rows `[start, end)` again, and what came between them; from the newest on if `start` is the head. */
  async refresh(start: number, end: number): Promise<void> {
    const { window } = this.state
    const first = window?.rows[start]
    if (!first) return
    const isHead = start === 0 && window?.newer === null
    const from: Placed | null = isHead ? null : { createdAt: first.createdAt, id: first.id + 1 }
    const limit = Math.min(LARGEST_PAGE, Math.max(1, end - start))
    await this.ask(
      'stretch',
      { cursor: from && placeOf(from), direction: 'next', limit },
      // Meanwhile the head may have been dropped.
      (page, held) => (isHead && held.newer !== null ? held : takeStretch(this.pinned(held), from, page)),
    )
  }

  /** The oldest row of the whole list, which need not be held. */
  async readTail(signal: AbortSignal): Promise<T | null> {
    const { query } = this.state
    if (query === null) return null
    const page = await this.options.read(query, { cursor: null, direction: 'prev', limit: 1 }, signal)
    return page.rows[0] ?? null
  }

  /** Where the page of the list was left nobody waits for answers any more. What is held stays. */
  cancel(): void {
    for (const stop of this.underWay.values()) stop.abort()
    this.underWay.clear()
    if (this.state.isReading) this.use.setState({ isReading: false })
  }

  /** Somebody signed out: nothing of what they saw stays. */
  forget(): void {
    this.cancel()
    this.anchor = null
    this.newestSeen = null
    this.isAtHead = true
    this.use.setState(this.closed(this.state.opening + 1))
  }
}

/** The server found the cursor itself unreadable. */
function isBadPlace(error: unknown): boolean {
  return error instanceof ApiProblem && error.code === 'invalid_cursor'
}
