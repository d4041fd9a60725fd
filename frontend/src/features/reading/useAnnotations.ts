import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { messageOf } from '@/shared/api/client'
import { toast } from '@/shared/ui/Toasts'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { ViewerState } from '@/viewer/state'
import { AnnotationStore, type Drawn, type DrawnState, type Wanted } from '@/viewer/tools/AnnotationStore'
import { type Draft, Drawing } from '@/viewer/tools/Drawing'
import { type Edited, Editing, type Part } from '@/viewer/tools/Editing'
import { History } from '@/viewer/tools/History'
import { Probe } from '@/viewer/tools/probe'
import { type Statistics, statisticsWithin } from '@/viewer/tools/statistics'
import type { Point } from '@/viewer/types'
import { handOf, pencilOf, wordsUnder } from './pencil'
import { useDrawingCommands } from './useDrawingCommands'
import type { Pencil } from './usePointer'

export interface Annotating {
  readonly drawn: DrawnState
  readonly draft: { readonly draft: Draft; readonly points: readonly Point[] } | null
  /** Moved by keys, in pane coordinates. */
  readonly cross: Drawing['cross']
  readonly pencil: Pencil | null
  /** What is taken hold of, and what lies under the pointer. */
  readonly edited: Edited | null
  readonly hovered: string | null
  readonly hand: Hand | null
  /** Only with its tool. */
  readonly probe: PixelProbe | null
  /** A text that waits for its words, and those that it has. */
  readonly asking: { readonly words: string } | null
  readonly answer: (text: string | null) => void
  readonly remove: (one: Drawn) => void
  /** Sends what waits; how many changes the server has not got after that. */
  readonly settle: () => Promise<number>
}

/** By keys, on the handle that has the focus. */
export interface Hand {
  readonly nudge: (paneKey: string, one: Drawn, part: Part, direction: Point, pixels: number) => void
  /** Where the point is counted from now on; null: nothing was moved. */
  readonly settle: () => Part | null
  /** False: there was nothing to give up. */
  readonly cancel: () => boolean
  readonly rewrite: (one: Drawn) => void
}

export interface PixelProbe {
  readonly source: Probe
  readonly words: (paneKey: string, at: Point) => string | null
}

const NOTHING: DrawnState = { drawn: [], keyImages: [], problem: null }

/** A new text, or one that gets other words. */
type Waiting =
  | { readonly draft: Draft; readonly points: readonly Point[]; readonly words: '' }
  | { readonly one: Drawn; readonly words: string }

/** Drawing, keeping and taking back; by the pointer and by keys. `address`: of the annotations of what is open. */
export function useAnnotations(
  viewer: MammoViewer | null,
  state: ViewerState | null,
  userId: number | null,
  address: string | null,
): Annotating {
  const store = useStore(userId, address)
  const subscribe = useCallback((listener: () => void) => store?.subscribe(listener) ?? (() => {}), [store])
  const drawn = useSyncExternalStore(subscribe, () => store?.state ?? NOTHING)
  const [, redraw] = useState(0)
  const [asking, setAsking] = useState<Waiting | null>(null)
  const history = useMemo(() => viewer?.history ?? new History(), [viewer])
  const acts = useMemo(() => actsOn(store, history, viewer), [store, history, viewer])
  const { drawing, editing } = useMemo(() => {
    const changed = () => redraw((count) => count + 1)
    return {
      drawing: new Drawing(changed, (draft, points) =>
        draft.kind === 'text' ? setAsking({ draft, points, words: '' }) : acts.keep(draft, points, null),
      ),
      editing: new Editing(changed, (one, points) => acts.change(one, { points })),
    }
  }, [acts])
  const rewrite = useCallback((one: Drawn) => setAsking({ one, words: one.text ?? '' }), [])
  const probe = useMemo(() => new Probe(), [])
  const pencil = useMemo(
    () => (viewer && store ? pencilOf({ viewer, store, drawing, editing, probe, rewrite }) : null),
    [viewer, store, drawing, editing, probe, rewrite],
  )
  const hand = useMemo(() => (viewer ? handOf(viewer, editing, rewrite) : null), [viewer, editing, rewrite])
  useProblem(drawn.problem)
  useDrawingCommands({ viewer, state, store, history, drawing, pencil })
  const { draft, preview, cross } = drawing
  return {
    drawn,
    draft: draft && preview ? { draft, points: preview } : null,
    cross,
    pencil,
    edited: editing.current,
    hovered: editing.hovered,
    hand,
    probe: viewer && state?.tool === 'probe' ? { source: probe, words: wordsUnder(viewer) } : null,
    asking,
    answer: (text) => {
      if (asking && text && 'one' in asking) acts.change(asking.one, { text })
      else if (asking && text && 'draft' in asking) acts.keep(asking.draft, asking.points, text)
      setAsking(null)
    },
    remove: acts.remove,
    settle: () => store?.settle() ?? Promise.resolve(0),
  }
}

function useStore(userId: number | null, address: string | null): AnnotationStore | null {
  const store = useMemo(() => (userId === null ? null : new AnnotationStore(userId)), [userId])
  useEffect(() => () => store?.dispose(), [store])
  useEffect(() => {
    if (store && address !== null) store.open(address).catch((error: unknown) => toast(messageOf(error)))
  }, [store, address])
  return store
}

function useProblem(problem: string | null): void {
  useEffect(() => {
    if (problem !== null) toast(`Not kept: ${problem}`)
  }, [problem])
}

/** What is kept, and can be taken back. */
function actsOn(store: AnnotationStore | null, history: History, viewer: MammoViewer | null) {
  const counted = (one: Omit<Wanted, 'statistics'>): Wanted => ({
    ...one,
    statistics: viewer ? statisticsNow(viewer, one) : null,
  })
  return {
    keep(draft: Draft, points: readonly Point[], text: string | null) {
      if (!store) return
      const { imageId, frame, kind } = draft
      const wanted = counted({ id: crypto.randomUUID(), imageId, frame, kind, points, text })
      store.put(wanted)
      history.push({ title: kind, undo: () => store.remove(wanted.id), redo: () => store.put(wanted) })
    },
    change(one: Drawn, changes: { points?: readonly Point[]; text?: string }) {
      if (!store) return
      const before = wantedOf(one)
      const after = changes.points ? counted({ ...before, ...changes }) : { ...before, ...changes }
      store.put(after)
      history.push({ title: one.kind, undo: () => store.put(before), redo: () => store.put(after) })
    },
    remove(one: Drawn) {
      if (!store) return
      store.remove(one.id)
      const before = wantedOf(one)
      history.push({ title: one.kind, undo: () => store.put(before), redo: () => store.remove(one.id) })
    },
  }
}

function wantedOf({ id, imageId, frame, kind, points, text, statistics }: Drawn): Wanted {
  return { id, imageId, frame, kind, points, text, statistics }
}

/** From the pane that shows the frame; null where its stored values are not all there. */
function statisticsNow(viewer: MammoViewer, one: Omit<Wanted, 'statistics'>): Statistics | null {
  const pane = viewer.exam.panes.find(
    ({ hung, frameNumber }) => hung.image?.id === one.imageId && frameNumber === one.frame,
  )
  if (!pane?.frame?.samples || !pane.greyScale || pane.frame.kind === 'picture') return null
  return statisticsWithin(one.kind, one.points, pane.frame.samples, pane.greyScale)
}
