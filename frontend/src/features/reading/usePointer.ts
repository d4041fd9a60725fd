import { useEffect } from 'react'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { Tool } from '@/viewer/state'
import type { ProbedPlace } from '@/viewer/tools/probe'
import { SHAPE_KINDS, type ShapeKind } from '@/viewer/tools/shapes'
import type { Point } from '@/viewer/types'

const WHEEL_ZOOM = 1 / 500
/** Beyond this it was a drag, not a click. */
const SLOP_PIXELS = 3

function pointOf(event: { clientX: number; clientY: number }, root: HTMLElement): Point {
  const { left, top } = root.getBoundingClientRect()
  return { x: event.clientX - left, y: event.clientY - top }
}

/** The middle button moves, the right one zooms, whatever the tool is. */
function toolOf(event: PointerEvent, chosen: Tool): Tool {
  if (event.button === 1) return 'pan'
  if (event.button === 2) return 'zoom'
  return chosen
}

function isShape(tool: Tool): tool is ShapeKind {
  return SHAPE_KINDS.some((kind) => kind === tool)
}

/** Who draws: points come in pane coordinates. */
export interface Pencil {
  press(paneKey: string, at: Point): void
  move(paneKey: string, at: Point): void
  release(paneKey: string, at: Point): void
  /** What was begun by the pointer is as it was before. */
  cancel(): void
  /** Takes hold of a drawing; its id, or null where there is none of one's own. */
  grasp(paneKey: string, at: Point, isFinger: boolean): string | null
  /** The cursor for what lies there. */
  hover(place: { paneKey: string; at: Point } | null): string
  /** Other words for the text that lies there; false where no drawing does. */
  rewrite(paneKey: string, at: Point): boolean
  probe(place: ProbedPlace | null): void
  readonly isBusy: boolean
}

/** Drags, wheel and double click of the panes. Two fingers zoom and move. */
export function usePointer(
  viewer: MammoViewer | null,
  root: HTMLElement | null,
  pencil: Pencil | null,
): void {
  useEffect(() => {
    if (!viewer || !root || !pencil) return undefined
    const ends = [
      drags(viewer, root, pencil),
      wheel(viewer, root),
      doubleClick(viewer, root, pencil),
      hovering(viewer, root, pencil),
      givingUp(pencil),
      focus(viewer, root),
    ]
    return () => {
      for (const end of ends) end()
    }
  }, [viewer, root, pencil])
}

function drags(viewer: MammoViewer, root: HTMLElement, pencil: Pencil): () => void {
  const fingers = new Map<number, Point>()
  let drag: { began: Point; go: (by: Point) => void } | null = null
  let drawing: string | null = null
  let held: string | null = null
  const down = (event: PointerEvent) => {
    if (!(event.target instanceof Element) || event.target.closest('button, a, [data-control]')) return
    const began = pointOf(event, root)
    const found = viewer.paneAt(began)
    if (!found) return
    fingers.set(event.pointerId, began)
    root.setPointerCapture(event.pointerId)
    viewer.endDrag()
    const tool = toolOf(event, viewer.state.tool)
    held = fingers.size > 1 || event.button !== 0 ? null : pencil.grasp(found.key, found.at, isFinger(event))
    if (fingers.size > 1) drag = null
    else if (held !== null) {
      viewer.activate(found.key)
      drawing = found.key
    } else if (isShape(tool)) {
      viewer.activate(found.key)
      drawing = found.key
      pencil.press(found.key, found.at)
    } else if (tool === 'probe') viewer.activate(found.key)
    else drag = { began, go: viewer.beginDrag(found.key, tool, found.at) }
    if (viewer.state.tool === 'magnify') drag?.go({ x: 0, y: 0 })
  }
  const move = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId)
    const at = pointOf(event, root)
    // Between presses the line follows the pointer.
    if (drawing !== null && pencil.isBusy) pencil.move(drawing, within(viewer, drawing, at))
    if (!before) return
    if (fingers.size === 2) pinch(viewer, fingers, event.pointerId, at)
    fingers.set(event.pointerId, at)
    const by = drag && { x: at.x - drag.began.x, y: at.y - drag.began.y }
    if (drag && by && Math.hypot(by.x, by.y) > SLOP_PIXELS) drag.go(by)
  }
  const up = (event: PointerEvent) => {
    const hadPressed = fingers.delete(event.pointerId)
    if (hadPressed && drawing !== null && pencil.isBusy) {
      pencil.release(drawing, within(viewer, drawing, pointOf(event, root)))
    }
    // The keys go on where the pointer has let go.
    if (held !== null) handleOf(root, held)?.focus({ preventScroll: true })
    held = null
    drag = null
    viewer.endDrag()
  }
  // The browser took the pointer away: what was begun is not ended where it never was.
  const taken = (event: PointerEvent) => {
    fingers.delete(event.pointerId)
    held = null
    drag = null
    pencil.cancel()
    viewer.endDrag()
  }
  const ended = new AbortController()
  const { signal } = ended
  root.addEventListener('pointerdown', down, { signal })
  root.addEventListener('pointermove', move, { signal })
  root.addEventListener('pointerup', up, { signal })
  root.addEventListener('pointercancel', taken, { signal })
  root.addEventListener('contextmenu', (event) => event.preventDefault(), { signal })
  return () => ended.abort()
}

function isFinger(event: PointerEvent): boolean {
  return event.pointerType === 'touch'
}

function handleOf(root: HTMLElement, id: string): HTMLElement | null {
  return root.querySelector(`[data-drawing="${id}"] button`)
}

/** What lies under the pointer: a drawing that can be taken hold of, or a value. */
function hovering(viewer: MammoViewer, root: HTMLElement, pencil: Pencil): () => void {
  const move = (event: PointerEvent) => {
    const found = viewer.paneAt(pointOf(event, root))
    const place = found ? { paneKey: found.key, at: found.at } : null
    root.style.cursor = pencil.hover(event.buttons > 0 ? null : place)
    if (viewer.state.tool === 'probe') pencil.probe(place && { ...place, isByKeys: false })
  }
  const leave = () => {
    root.style.cursor = pencil.hover(null)
    pencil.probe(null)
  }
  root.addEventListener('pointermove', move)
  root.addEventListener('pointerleave', leave)
  return () => {
    root.removeEventListener('pointermove', move)
    root.removeEventListener('pointerleave', leave)
  }
}

/** Escape while the pointer holds a drawing: before the page's own keys, of which one leaves the viewer. */
function givingUp(pencil: Pencil): () => void {
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !pencil.isBusy) return
    event.stopPropagation()
    event.preventDefault()
    pencil.cancel()
  }
  window.addEventListener('keydown', press, { capture: true })
  return () => window.removeEventListener('keydown', press, { capture: true })
}

/** A point of the stage in the coordinates of one pane, also when it lies outside. */
function within(viewer: MammoViewer, paneKey: string, at: Point): Point {
  const rect = viewer.exam.pane(paneKey)?.rect
  return rect ? { x: at.x - rect.left, y: at.y - rect.top } : at
}

/** Of two fingers one has moved: their distance zooms, their middle moves. */
function pinch(viewer: MammoViewer, fingers: ReadonlyMap<number, Point>, moved: number, at: Point): void {
  const [other] = [...fingers].filter(([id]) => id !== moved).map(([, point]) => point)
  const before = fingers.get(moved)
  if (!other || !before) return
  const found = viewer.paneAt({ x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 })
  if (!found) return
  const apart = Math.hypot(before.x - other.x, before.y - other.y)
  const factor = Math.hypot(at.x - other.x, at.y - other.y) / Math.max(apart, 1)
  viewer.zoomBy(factor, found.key, found.at)
  viewer.panBy({ x: (at.x - before.x) / 2, y: (at.y - before.y) / 2 }, found.key)
}

function wheel(viewer: MammoViewer, root: HTMLElement): () => void {
  const turn = (event: WheelEvent) => {
    const found = viewer.paneAt(pointOf(event, root))
    if (!found) return
    event.preventDefault()
    viewer.activate(found.key)
    const pane = viewer.state.panes.find(({ key }) => key === found.key)
    if (pane && pane.frameCount > 1 && !event.ctrlKey) viewer.scroll(Math.sign(event.deltaY), found.key)
    else viewer.zoomBy(Math.exp(-event.deltaY * WHEEL_ZOOM), found.key, found.at)
  }
  root.addEventListener('wheel', turn, { passive: false })
  return () => root.removeEventListener('wheel', turn)
}

/** One pane alone, and back; on a text, its words. */
function doubleClick(viewer: MammoViewer, root: HTMLElement, pencil: Pencil): () => void {
  let before = viewer.state.layout
  const click = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.closest('button, a, [data-control]')) return
    const found = viewer.paneAt(pointOf(event, root))
    const image = viewer.state.panes.find(({ key }) => key === found?.key)?.image
    if (!image || !found || pencil.rewrite(found.key, found.at)) return
    if (viewer.state.layout === 'single') {
      viewer.setLayout(before === 'single' ? (viewer.state.layouts[0] ?? 'single') : before)
    } else {
      before = viewer.state.layout
      viewer.setLayout('single', image.id)
    }
  }
  root.addEventListener('dblclick', click)
  return () => root.removeEventListener('dblclick', click)
}

/** The pane that has the focus is the active one. */
function focus(viewer: MammoViewer, root: HTMLElement): () => void {
  const come = (event: FocusEvent) => {
    const pane = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-pane]') : null
    if (pane?.dataset.pane !== undefined) viewer.activate(pane.dataset.pane)
  }
  root.addEventListener('focusin', come)
  return () => root.removeEventListener('focusin', come)
}
