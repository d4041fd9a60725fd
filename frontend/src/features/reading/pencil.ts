/** Drawing, taking hold and probing, by the pointer and by keys: from panes to images. */
import { toast } from '@/shared/ui/Toasts'
import { toImage, toPane } from '@/viewer/camera'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { Pane } from '@/viewer/pane'
import type { AnnotationStore, Drawn } from '@/viewer/tools/AnnotationStore'
import type { Drawing } from '@/viewer/tools/Drawing'
import { type Editing, type Part, partUnder, stepInImage } from '@/viewer/tools/Editing'
import { type Probe, probeInWords } from '@/viewer/tools/probe'
import { SHAPE_KINDS } from '@/viewer/tools/shapes'
import type { Point } from '@/viewer/types'
import type { Hand } from './useAnnotations'
import type { Pencil } from './usePointer'

interface PencilParts {
  viewer: MammoViewer
  store: AnnotationStore
  drawing: Drawing
  editing: Editing
  probe: Probe
  rewrite: (one: Drawn) => void
}

/** Only on what can be measured: all of a frame, and stored values rather than the server's picture. */
function isMeasurable(viewer: MammoViewer, pane: Pane): boolean {
  const fallback = viewer.state.fallback !== null
  if (fallback) toast('Nothing can be measured on the rendered picture.')
  else if (pane.frame?.state !== 'full') toast('Measuring waits for full resolution.')
  return !fallback && pane.frame?.state === 'full'
}

/** Beyond the reach of a mouse, a finger covers what it points at. */
const FINGER = 2

export function pencilOf({ viewer, store, drawing, editing, probe, rewrite }: PencilParts): Pencil {
  const pointIn = (paneKey: string, at: Point): Point | null => {
    const pane = viewer.exam.pane(paneKey)
    return pane ? toImage(pane.camera, pane.size, at) : null
  }
  const under = (paneKey: string, at: Point, isFinger: boolean) =>
    drawing.draft ? null : partOf(viewer, store, paneKey, at, isFinger ? FINGER : 1)
  return {
    get isBusy() {
      return drawing.draft !== null || editing.current !== null
    },
    press(paneKey, at) {
      const pane = viewer.exam.pane(paneKey)
      const kind = SHAPE_KINDS.find((one) => one === viewer.state.tool)
      const point = pointIn(paneKey, at)
      if (!pane?.hung.image || !kind || !point || !isMeasurable(viewer, pane)) return
      drawing.place({ paneKey, imageId: pane.hung.image.id, frame: pane.frameNumber, kind }, point)
    },
    grasp(paneKey, at, isFinger) {
      const pane = viewer.exam.pane(paneKey)
      const found = under(paneKey, at, isFinger)
      const point = pointIn(paneKey, at)
      if (!pane || !found || !point) return null
      if (isMeasurable(viewer, pane)) editing.begin(found.one, found.part, point)
      return found.one.id
    },
    hover(place) {
      const found = place && !editing.current ? under(place.paneKey, place.at, false) : null
      editing.hover(editing.current?.one.id ?? found?.one.id ?? null)
      if (editing.current) return 'grabbing'
      if (!found) return ''
      return found.part === 'whole' ? 'grab' : 'move'
    },
    rewrite(paneKey, at) {
      const found = under(paneKey, at, false)
      if (found?.one.kind === 'text') rewrite(found.one)
      return found !== null
    },
    move(paneKey, at) {
      const point = pointIn(paneKey, at)
      if (!point) return
      if (editing.current) editing.move(point)
      else drawing.move(point)
    },
    cancel() {
      if (editing.current) editing.cancel()
      else drawing.cancel()
    },
    release(paneKey, at) {
      const point = pointIn(paneKey, at)
      if (editing.current) editing.end()
      else if (point) drawing.release(point)
    },
    probe: (place) => probe.to(place),
  }
}

/** Of one's own drawings; the last drawn lies on top. A tool that draws begins a new one on a line, not on a handle. */
function partOf(
  viewer: MammoViewer,
  store: AnnotationStore,
  paneKey: string,
  at: Point,
  reach: number,
): { one: Drawn; part: Part } | null {
  const pane = viewer.exam.pane(paneKey)
  const { tool, fallback } = viewer.state
  if (!pane || fallback !== null || tool === 'probe') return null
  const found = store.state.drawn
    .filter((one) => one.own && one.imageId === pane.hung.image?.id && one.frame === pane.frameNumber)
    .flatMap((one) => {
      const shown = one.points.map((point) => toPane(pane.camera, pane.size, point))
      const part = partUnder(one.kind, shown, at, reach)
      return part === null ? [] : [{ one, part }]
    })
  const isDrawing = SHAPE_KINDS.some((kind) => kind === tool)
  return found.findLast(({ part }) => part !== 'whole') ?? (isDrawing ? null : (found.at(-1) ?? null))
}

export function handOf(viewer: MammoViewer, editing: Editing, rewrite: (one: Drawn) => void): Hand {
  return {
    nudge(paneKey, one, part, direction, pixels) {
      const pane = viewer.exam.pane(paneKey)
      if (!pane || !isMeasurable(viewer, pane)) return
      editing.nudge(one, part, stepInImage(pane.camera, direction, pixels))
    },
    settle: () => (editing.isByKeys ? editing.end() : null),
    cancel() {
      const wasBusy = editing.current !== null
      editing.cancel()
      return wasBusy
    },
    rewrite,
  }
}

/** What a probe tells of a point of a pane. */
export function wordsUnder(viewer: MammoViewer): (paneKey: string, at: Point) => string | null {
  return (paneKey, at) => {
    const pane = viewer.exam.pane(paneKey)
    if (!pane?.frame) return null
    return probeInWords(pane.frame, pane.greyScale, toImage(pane.camera, pane.size, at))
  }
}
