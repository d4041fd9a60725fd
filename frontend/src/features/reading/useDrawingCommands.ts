import { messageOf } from '@/shared/api/client'
import { type Command, useCommands } from '@/shared/keys/commands'
import { toast } from '@/shared/ui/Toasts'
import { linearOf, toPane } from '@/viewer/camera'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { Pane } from '@/viewer/pane'
import type { ViewerState } from '@/viewer/state'
import type { AnnotationStore } from '@/viewer/tools/AnnotationStore'
import type { Drawing } from '@/viewer/tools/Drawing'
import type { History } from '@/viewer/tools/History'
import { hasCrosshair } from '@/viewer/tools/probe'
import type { ShapeKind } from '@/viewer/tools/shapes'
import type { Point } from '@/viewer/types'
import type { Pencil } from './usePointer'

const GROUP = 'Drawing'
const STEP: Point = { x: 4, y: 4 }
const FAR: Point = { x: 40, y: 40 }

const DRAW_KEYS: readonly (readonly [ShapeKind, string])[] = [
  ['length', 'd'],
  ['ellipse', 'q'],
  ['angle', 'j'],
  ['arrow', 'a'],
  ['freehand', 'y'],
  ['text', 'u'],
]

const ARROWS = [
  ['left', 'ArrowLeft', -1, 0],
  ['right', 'ArrowRight', 1, 0],
  ['up', 'ArrowUp', 0, -1],
  ['down', 'ArrowDown', 0, 1],
] as const

interface DrawingParts {
  viewer: MammoViewer | null
  state: ViewerState | null
  store: AnnotationStore | null
  history: History
  drawing: Drawing
  pencil: Pencil | null
}

/** Kinds of shapes, taking back, key images; and with a tool that draws, a crosshair that keys move. */
export function useDrawingCommands({ viewer, state, store, history, drawing, pencil }: DrawingParts): void {
  const isReady = viewer && state && store && pencil
  useCommands(
    isReady
      ? [
          ...choosing(viewer, store, history),
          ...(hasCrosshair(state.tool) ? crosshair(viewer, drawing, pencil) : []),
        ]
      : [],
  )
}

function command(id: string, title: string, keys: readonly string[], run: () => void): Command {
  return { id: `drawing-${id}`, group: GROUP, title, keys, run }
}

function choosing(viewer: MammoViewer, store: AnnotationStore, history: History): Command[] {
  return [
    ...DRAW_KEYS.map(([kind, key]) => command(kind, `Draw: ${kind}`, [key], () => viewer.setTool(kind))),
    command('probe', 'Value under the pointer', ['0'], () => viewer.setTool('probe')),
    command('undo', 'Take back', ['Ctrl+z'], () => void (history.undo() ?? toast('Nothing to take back.'))),
    command('redo', 'Do again', ['Ctrl+Z', 'Ctrl+y'], () => {
      if (!history.redo()) toast('Nothing to do again.')
    }),
    command('key-image', 'Key image, or no longer', ['k'], () => void toggleKey(viewer, store)),
  ]
}

/** Arrows move it, Enter places a point; Escape leaves the shape undrawn. */
function crosshair(viewer: MammoViewer, drawing: Drawing, pencil: Pencil): Command[] {
  const move = (x: number, y: number, isFar: boolean) => () => {
    const pane = viewer.exam.active
    if (!pane) return
    const from = standing(pane, drawing)
    const step = isFar ? FAR : viewer.state.tool === 'probe' ? pixelOf(pane) : STEP
    const at = { x: from.x + x * step.x, y: from.y + y * step.y }
    drawing.crossTo(pane.hung.key, at)
    pencil.move(pane.hung.key, at)
    if (viewer.state.tool === 'probe') pencil.probe({ paneKey: pane.hung.key, at, isByKeys: true })
  }
  const place = () => {
    const pane = viewer.exam.active
    if (!pane) return
    const at = standing(pane, drawing)
    drawing.crossTo(pane.hung.key, at)
    pencil.press(pane.hung.key, at)
  }
  const commands = ARROWS.flatMap(([name, key, x, y]) => [
    command(`cross-${name}`, `Crosshair ${name}`, [key], move(x, y, false)),
    command(`far-${name}`, `Crosshair far ${name}`, [`Ctrl+${key}`], move(x, y, true)),
  ])
  const cancel = () => {
    pencil.probe(null)
    if (drawing.draft || drawing.cross) drawing.cancel()
    else viewer.setTool('window')
  }
  return [
    ...commands,
    command('place', 'Place a point', ['Enter'], place),
    command('cancel', 'Do not draw it, or put the tool away', ['Escape'], cancel),
  ]
}

/** One pixel of the image on the screen: a probe goes from each to the next. */
function pixelOf(pane: Pane): Point {
  const { a, b, c, d } = linearOf(pane.camera)
  return { x: Math.abs(a) + Math.abs(b), y: Math.abs(c) + Math.abs(d) }
}

/** Where the crosshair stands in this pane; in its middle before it was moved. */
function standing(pane: Pane, { cross, draft }: Drawing): Point {
  if (cross?.paneKey === pane.hung.key) return cross.at
  if (draft?.paneKey === pane.hung.key) return toPane(pane.camera, pane.size, draft.at)
  return { x: pane.size.width / 2, y: pane.size.height / 2 }
}

async function toggleKey(viewer: MammoViewer, store: AnnotationStore): Promise<void> {
  const pane = viewer.exam.active
  if (!pane?.hung.image) return
  try {
    const isKey = await store.toggleKey(pane.hung.image.id, pane.frameNumber)
    toast(isKey ? 'Marked as a key image.' : 'No longer a key image of yours.')
  } catch (error) {
    toast(messageOf(error))
  }
}
