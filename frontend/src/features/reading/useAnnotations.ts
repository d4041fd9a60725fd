import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { messageOf } from '@/shared/api/client'
import { toast } from '@/shared/ui/Toasts'
import { toImage } from '@/viewer/camera'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { ViewerState } from '@/viewer/state'
import { AnnotationStore, type Drawn, type DrawnState } from '@/viewer/tools/AnnotationStore'
import { type Draft, Drawing } from '@/viewer/tools/Drawing'
import { History } from '@/viewer/tools/History'
import { SHAPE_KINDS, type ShapeKind } from '@/viewer/tools/shapes'
import { type Statistics, statisticsWithin } from '@/viewer/tools/statistics'
import type { Point } from '@/viewer/types'
import { useDrawingCommands } from './useDrawingCommands'
import type { Pencil } from './usePointer'

export interface Annotating {
  readonly drawn: DrawnState
  readonly draft: { readonly draft: Draft; readonly points: readonly Point[] } | null
  /** Moved by keys, in pane coordinates. */
  readonly cross: Drawing['cross']
  readonly pencil: Pencil | null
  /** A text that waits for its words. */
  readonly asking: boolean
  readonly answer: (text: string | null) => void
  readonly remove: (one: Drawn) => void
  /** Sends what waits; how many changes the server has not got after that. */
  readonly settle: () => Promise<number>
}

const NOTHING: DrawnState = { drawn: [], keyImages: [], problem: null }

interface Waiting {
  readonly draft: Draft
  readonly points: readonly Point[]
}

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
  const keep = useCallback(
    (draft: Draft, points: readonly Point[], text: string | null) => {
      if (!store) return
      const { imageId, frame, kind } = draft
      const statistics = viewer ? statisticsNow(viewer, imageId, frame, kind, points) : null
      const wanted = { id: crypto.randomUUID(), imageId, frame, kind, points, text, statistics }
      store.put(wanted)
      history.push({
        title: kind,
        undo: () => store.remove(wanted.id),
        redo: () => store.put(wanted),
      })
    },
    [store, history, viewer],
  )
  const drawing = useMemo(
    () =>
      new Drawing(
        () => redraw((count) => count + 1),
        (draft, points) => (draft.kind === 'text' ? setAsking({ draft, points }) : keep(draft, points, null)),
      ),
    [keep],
  )
  const pencil = useMemo(() => (viewer ? pencilOf(viewer, drawing) : null), [viewer, drawing])
  const remove = useCallback(
    (one: Drawn) => {
      if (!store) return
      store.remove(one.id)
      history.push({ title: one.kind, undo: () => store.put(one), redo: () => store.remove(one.id) })
    },
    [store, history],
  )
  useProblem(drawn.problem)
  useDrawingCommands({ viewer, state, store, history, drawing, pencil })
  const { draft, preview, cross } = drawing
  return {
    drawn,
    draft: draft && preview ? { draft, points: preview } : null,
    cross,
    pencil,
    asking: asking !== null,
    answer: (text) => {
      if (asking && text) keep(asking.draft, asking.points, text)
      setAsking(null)
    },
    remove,
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

/** Only on what can be measured: all of a frame, and stored values rather than the server's picture. */
function pencilOf(viewer: MammoViewer, drawing: Drawing): Pencil {
  const pointIn = (paneKey: string, at: Point): Point | null => {
    const pane = viewer.exam.pane(paneKey)
    return pane ? toImage(pane.camera, pane.size, at) : null
  }
  return {
    get isBusy() {
      return drawing.draft !== null
    },
    press(paneKey, at) {
      const pane = viewer.exam.pane(paneKey)
      const kind = SHAPE_KINDS.find((one) => one === viewer.state.tool)
      const point = pointIn(paneKey, at)
      if (!pane?.hung.image || !kind || !point) return
      if (viewer.state.fallback !== null) toast('Nothing can be measured on the rendered picture.')
      else if (pane.frame?.state !== 'full') toast('Measuring waits for full resolution.')
      else drawing.place({ paneKey, imageId: pane.hung.image.id, frame: pane.frameNumber, kind }, point)
    },
    move(paneKey, at) {
      const point = pointIn(paneKey, at)
      if (point) drawing.move(point)
    },
    cancel: () => drawing.cancel(),
    release(paneKey, at) {
      const point = pointIn(paneKey, at)
      if (point) drawing.release(point)
    },
  }
}

/** From the pane that shows the frame; null where its stored values are not all there. */
function statisticsNow(
  viewer: MammoViewer,
  imageId: number,
  frame: number,
  kind: ShapeKind,
  points: readonly Point[],
): Statistics | null {
  const pane = viewer.exam.panes.find((one) => one.hung.image?.id === imageId && one.frameNumber === frame)
  if (!pane?.frame?.samples || !pane.greyScale || pane.frame.kind === 'picture') return null
  return statisticsWithin(kind, points, pane.frame.samples, pane.greyScale)
}
