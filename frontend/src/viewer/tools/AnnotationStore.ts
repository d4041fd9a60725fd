/**
 * The annotations of what is open: shown at once, kept by the server as soon as may be. What could not be sent waits in
 * this tab, over a lost line, a reload and a new sign-in; nothing that was drawn is lost without a word.
 */
import { ApiProblem, NoConnection, request } from '@/shared/api/client'
import { useConnection } from '@/shared/api/connection'
import { useSessionState } from '@/shared/api/session'
import type { components } from '@/shared/api/schema'
import type { Point } from '@/viewer/types'
import type { ShapeKind } from './shapes'
import type { Statistics } from './statistics'

type Wire = components['schemas']['AnnotationAnswer']
export type KeyImage = components['schemas']['KeyImageAnswer']

/** One that is shown. `state`: what the server knows of it. */
export interface Drawn {
  readonly id: string
  readonly imageId: number
  readonly frame: number
  readonly kind: ShapeKind
  readonly points: readonly Point[]
  readonly text: string | null
  /** Of the grey values inside; null: it has no inside, or nobody counted. */
  readonly statistics: Statistics | null
  readonly own: boolean
  readonly userName: string | null
  readonly revision: number | null
  readonly state: 'saved' | 'saving' | 'unsaved'
}

export interface DrawnState {
  readonly drawn: readonly Drawn[]
  readonly keyImages: readonly KeyImage[]
  /** What the server refused, in words; null: nothing. */
  readonly problem: string | null
}

export type Wanted = Pick<Drawn, 'id' | 'imageId' | 'frame' | 'kind' | 'points' | 'text' | 'statistics'>
type Change =
  { readonly act: 'put'; readonly wanted: Wanted } | { readonly act: 'delete'; readonly of: Drawn }

/** By person: somebody else may sign in to the same tab. */
function keyOf(userId: number): string {
  return `viewer:unsent:${userId}`
}

/** Answers that say nothing about the drawing itself: it waits. */
const WAITING_STATUSES = new Set([401, 408, 429])

export class AnnotationStore {
  state: DrawnState = { drawn: [], keyImages: [], problem: null }
  private readonly listeners = new Set<() => void>()
  private readonly leave: (() => void)[]
  private readonly userId: number
  private address = ''
  /** In the order in which they were made; the first is under way. */
  private unsent: Change[] = []
  private sending: Promise<void> | null = null

  constructor(userId: number) {
    this.userId = userId
    this.unsent = readKept(userId)
    const again = () => void this.send()
    this.leave = [
      useConnection.subscribe((now, before) => now.returns !== before.returns && again()),
      useSessionState.subscribe((now, before) => now.epoch !== before.epoch && again()),
    ]
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** `address`: of an exam's or an image's annotations. What waits is sent first. */
  async open(address: string): Promise<void> {
    this.address = address
    await this.send()
    await this.read()
  }

  dispose(): void {
    for (const leave of this.leave) leave()
    this.listeners.clear()
  }

  put(wanted: Wanted): void {
    const before = this.state.drawn.find(({ id }) => id === wanted.id)
    const drawn: Drawn = {
      ...wanted,
      own: true,
      userName: null,
      revision: before?.revision ?? null,
      state: 'saving',
    }
    this.show([...this.state.drawn.filter(({ id }) => id !== wanted.id), drawn])
    this.add({ act: 'put', wanted })
  }

  remove(id: string): void {
    const of = this.state.drawn.find((one) => one.id === id)
    if (!of) return
    this.show(this.state.drawn.filter((one) => one.id !== id))
    this.add({ act: 'delete', of })
  }

  /** Sends what waits; how many changes the server has not got after that: its line, its session or itself is away. */
  async settle(): Promise<number> {
    await this.send()
    return this.unsent.length
  }

  /** The caller's own mark on a frame; a second time takes it away. */
  async toggleKey(imageId: number, frame: number): Promise<boolean> {
    const isMarked = this.state.keyImages.some(
      (one) => one.own && one.imageId === imageId && one.frame === frame,
    )
    await request(`/api/images/${imageId}/key/${frame}`, { method: isMarked ? 'DELETE' : 'PUT' })
    await this.read()
    return !isMarked
  }

  private add(change: Change): void {
    this.unsent.push(change)
    keep(this.userId, this.unsent)
    void this.send()
  }

  private async read(): Promise<void> {
    if (this.address === '') return
    const found = await request<components['schemas']['Annotations']>(this.address)
    const waiting = new Set(this.unsent.map((one) => (one.act === 'put' ? one.wanted.id : one.of.id)))
    const kept = this.state.drawn.filter(({ id }) => waiting.has(id))
    const known = found.annotations.map(drawnOf).filter(({ id }) => !waiting.has(id))
    this.state = { ...this.state, keyImages: found.keyImages }
    this.show([...known, ...kept])
  }

  /** One after the other, as they were made. A lost line or session ends it for now; a refusal is told and dropped. */
  private send(): Promise<void> {
    if (this.unsent.length > 0) this.sending ??= this.sendAll()
    return this.sending ?? Promise.resolve()
  }

  private async sendAll(): Promise<void> {
    try {
      for (let first = this.unsent[0]; first; first = this.unsent[0]) {
        await this.sendOne(first)
        this.unsent = this.unsent.slice(1)
        keep(this.userId, this.unsent)
      }
    } catch (problem) {
      if (!(problem instanceof NoConnection) && !(problem instanceof ApiProblem)) throw problem
      this.show(this.state.drawn.map((one) => (one.state === 'saving' ? { ...one, state: 'unsaved' } : one)))
    } finally {
      this.sending = null
    }
  }

  private async sendOne(change: Change): Promise<void> {
    try {
      if (change.act === 'delete') {
        await request(addressOf(change.of), { method: 'DELETE' })
        return
      }
      const { wanted } = change
      const revision = this.state.drawn.find(({ id }) => id === wanted.id)?.revision ?? null
      const body = {
        kind: wanted.kind,
        frame: wanted.frame,
        points: wanted.points.map(({ x, y }) => [x, y]),
        text: wanted.text,
        revision,
        statistics: wanted.statistics,
      }
      const saved = drawnOf(await request<Wire>(addressOf(wanted), { method: 'PUT', body }))
      // Changed once more meanwhile: that is what is shown, and it is a change of what was just saved.
      const isOld = this.unsent.slice(1).some((one) => one.act === 'put' && one.wanted.id === saved.id)
      const now = (one: Drawn) => (isOld ? { ...one, revision: saved.revision } : saved)
      this.show(this.state.drawn.map((one) => (one.id === saved.id ? now(one) : one)))
    } catch (problem) {
      const waits =
        !(problem instanceof ApiProblem) || WAITING_STATUSES.has(problem.status) || problem.status >= 500
      if (waits) throw problem
      this.refused(change, problem)
    }
  }

  /** The server's word holds: what it refused is no longer shown as if it were kept. */
  private refused(change: Change, problem: ApiProblem): void {
    const current = problem.body.annotation as Wire | undefined
    const others = this.state.drawn.filter(
      ({ id }) => id !== (change.act === 'put' ? change.wanted.id : change.of.id),
    )
    const instead = current ? [drawnOf(current)] : change.act === 'delete' ? [change.of] : []
    this.state = { ...this.state, problem: problem.detail }
    this.show([...others, ...instead])
  }

  private show(drawn: readonly Drawn[]): void {
    this.state = { ...this.state, drawn }
    for (const listener of this.listeners) listener()
  }
}

function addressOf({ imageId, id }: { imageId: number; id: string }): string {
  return `/api/images/${imageId}/annotations/${id}`
}

function drawnOf(wire: Wire): Drawn {
  const { id, imageId, frame, kind, text, statistics, own, userName, revision } = wire
  const points = wire.points.map(([x, y]) => ({ x: x as number, y: y as number }))
  return { id, imageId, frame, kind, points, text, statistics, own, userName, revision, state: 'saved' }
}

/** In this tab alone: annotations are about patients, and another person may sit here tomorrow. */
function keep(userId: number, unsent: readonly Change[]): void {
  if (unsent.length === 0) sessionStorage.removeItem(keyOf(userId))
  else sessionStorage.setItem(keyOf(userId), JSON.stringify(unsent))
}

function readKept(userId: number): Change[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(keyOf(userId)) ?? '[]')
    return Array.isArray(kept) ? (kept as Change[]) : []
  } catch {
    return []
  }
}
