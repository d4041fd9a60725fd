/**
 * The viewer: an exam, hung in panes, drawn on one canvas, moved by commands and by the pointer. No React; whoever shows
 * it subscribes and reads `state`.
 */
import { mirrored, panned, toImage, turned, upended, zoomedAt } from '@/viewer/camera'
import { FrameStore } from '@/viewer/engine/frames'
import { Stage, type StagePane, stageProblem } from '@/viewer/engine/stage'
import { type LayoutId, trueSize } from '@/viewer/hanging'
import { type ExamLook, HungExam, type Opened } from '@/viewer/HungExam'
import type { Pane } from '@/viewer/pane'
import {
  type DragTool,
  phaseOf,
  type Tool,
  USUAL_PREFERENCES,
  type ViewerPreferences,
  type ViewerState,
} from '@/viewer/state'
import { Acts, type Gesture } from '@/viewer/sync/acts'
import { Marks } from '@/viewer/sync/marks'
import { dragged } from '@/viewer/sync/windows'
import { History } from '@/viewer/tools/History'
import type { Camera, Point, Size } from '@/viewer/types'
import { defaultTone, presets } from '@/viewer/voi/table'

const ZOOM_STEP = 1.25
const LEAST_SCALE = 0.01
const MOST_SCALE = 32
/** A drag over this many CSS pixels doubles the scale. */
const DOUBLING_PIXELS = 120
const CINE_MILLISECONDS = 100
const LEAST_CINE_MILLISECONDS = 30
const MAGNIFICATION = 2
const MAGNIFIER_SHARE = 0.5

/** Zooming and moving by wheel, keys and fingers is one gesture. */
const MOVING: Gesture = { burst: 'moving' }
const SLICES: Gesture = { burst: 'slices' }

/** What can be taken back: how it hangs, and the layout that is remembered. */
interface Look {
  readonly exam: ExamLook
  readonly wished: LayoutId | null
}

export class MammoViewer {
  state: ViewerState
  readonly store = new FrameStore()
  readonly exam: HungExam
  /** Of all that was done and drawn since this exam was opened. */
  readonly history = new History()
  private readonly canvas: HTMLCanvasElement
  private readonly root: HTMLElement
  private readonly listeners = new Set<() => void>()
  private readonly resizing: ResizeObserver
  private stage: Stage | null = null
  private fallback: string | null
  private preferences: ViewerPreferences
  private playing: ReturnType<typeof setInterval> | null = null
  private request = 0
  private size: Size = { width: 0, height: 0 }
  private readonly marks = new Marks()
  private readonly acts: Acts<Look>
  private drags = 0
  private beforePlaying: Look | null = null
  /** What lies over the panes for a moment: the magnifier's. */
  private above: readonly StagePane[] = []

  constructor(root: HTMLElement, preferences: ViewerPreferences = USUAL_PREFERENCES) {
    this.root = root
    this.preferences = preferences
    this.canvas = document.createElement('canvas')
    this.canvas.setAttribute('aria-hidden', 'true')
    root.prepend(this.canvas)
    this.exam = new HungExam(this.store, () => this.changed())
    this.acts = new Acts(
      this.history,
      () => this.look(),
      (look) => this.restore(look),
    )
    this.fallback = stageProblem(this.canvas)
    if (this.fallback === null) this.stage = this.makeStage()
    this.state = this.made()
    this.resizing = new ResizeObserver(() => this.measure())
    this.resizing.observe(root)
    this.measure()
  }

  /** Called after every change of `state`. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Opens an exam, or takes what has become of the one that is open: then everything stays where it is. */
  open(opened: Opened): void {
    if (opened.key !== this.exam.opened.key) {
      this.marks.opened()
      this.setPlaying(false)
      this.acts.clear()
    }
    this.exam.open(opened, this.preferences.layout)
    this.changed()
  }

  dispose(): void {
    this.setPlaying(false)
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    this.exam.dispose()
    this.stage?.dispose()
    this.store.dispose()
    this.canvas.remove()
    this.listeners.clear()
  }

  /** What is to be remembered of this reader. */
  get kept(): ViewerPreferences {
    return this.preferences
  }

  // What commands do.

  setLayout(layout: LayoutId, active?: number): void {
    this.act('layout', null, () => {
      this.exam.setLayout(layout, active)
      this.preferences = { ...this.preferences, layout }
    })
  }

  setTool(tool: Tool): void {
    this.prefer({ tool })
  }

  setLinked(isLinked: boolean): void {
    this.prefer({ isLinked })
  }

  setSmooth(isSmooth: boolean): void {
    this.prefer({ isSmooth })
  }

  setOverlays(hasOverlays: boolean): void {
    this.prefer({ hasOverlays })
  }

  activate(key: string): void {
    if (this.exam.activeKey === key) return
    this.exam.activeKey = key
    this.changed()
  }

  /** Puts an image of the strip into the active pane. */
  place(imageId: number): void {
    this.act('image', null, () => this.exam.place(imageId))
  }

  /** As it was hung and as the file says, all panes. */
  reset(): void {
    this.act('reset', null, () => {
      this.exam.reset()
      for (const pane of this.exam.panes) pane.tone = defaultTone(pane.greyScale)
    })
  }

  /** The whole of each picture. */
  fit(): void {
    this.act('fit', null, () => this.exam.fit())
  }

  oneToOne(): void {
    this.act('1:1', null, () => this.exam.oneToOne(this.preferences.isLinked))
  }

  /** False where the image tells no millimetres. */
  trueSize(pixelsPerMm: number): boolean {
    const pane = this.exam.active
    if (!pane?.hung.image) return false
    const camera = trueSize(pane.camera, pane.hung.image.spacing, pixelsPerMm)
    if (camera === null) return false
    this.move(pane.hung.key, null, () => camera)
    return true
  }

  zoomBy(factor: number, key = this.exam.activeKey, at: Point | null = null): void {
    this.move(key, MOVING, (camera, pane) => {
      const middle = { x: pane.width / 2, y: pane.height / 2 }
      return zoomedAt(camera, pane, at ?? middle, scaleWithin(camera.scale * factor))
    })
  }

  zoomIn(): void {
    this.zoomBy(ZOOM_STEP)
  }

  zoomOut(): void {
    this.zoomBy(1 / ZOOM_STEP)
  }

  panBy(by: Point, key = this.exam.activeKey): void {
    this.move(key, MOVING, (camera) => panned(camera, by))
  }

  turn(how: 'turned' | 'mirrored' | 'upended'): void {
    const pane = this.exam.active
    if (!pane) return
    const change = { turned, mirrored, upended }[how]
    this.act('turn', null, () => {
      pane.camera = { ...pane.camera, orientation: change(pane.camera.orientation) }
      pane.isFitted = false
    })
  }

  invert(): void {
    const pane = this.exam.active
    if (!pane) return
    const isInverted = !pane.tone.isInverted
    this.act('inversion', null, () => {
      for (const one of this.linked(pane)) one.tone = { ...one.tone, isInverted }
    })
  }

  /** The next or the one before of the file's windows and tables. */
  preset(by: 1 | -1): void {
    this.act('window', null, () => {
      for (const pane of this.exam.active ? this.linked(this.exam.active) : []) {
        if (!pane.greyScale) continue
        const offered = presets(pane.greyScale)
        const at = offered.findIndex((one) => one.id === pane.tone.voiId)
        const next = offered[(at + by + offered.length) % offered.length]
        if (next) pane.tone = { ...pane.tone, voiId: next.id, window: null }
      }
    })
  }

  /** One of them, by its id, of the active pane. */
  choosePreset(voiId: string): void {
    const pane = this.exam.active
    if (!pane) return
    this.act('window', null, () => {
      pane.tone = { ...pane.tone, voiId, window: null }
    })
  }

  /** The way through the exam, forwards or back; false at its end. */
  step(by: 1 | -1): boolean {
    return this.act('step', null, () => this.exam.step(by))
  }

  /** Another frame of a pane, by so many. */
  scroll(by: number, key = this.exam.activeKey): void {
    const pane = this.exam.pane(key)
    if (pane) this.showFrame(pane.hung.key, pane.frameNumber + by)
  }

  showFrame(key: string, number: number): void {
    const pane = this.exam.pane(key)
    if (!pane || pane.frameCount < 2) return
    this.acts.run('slice', SLICES, () => pane.show(Math.min(Math.max(number, 1), pane.frameCount), 0))
  }

  setPlaying(isPlaying: boolean): void {
    if (this.playing !== null) clearInterval(this.playing)
    this.playing = null
    // All that was run through is one act.
    if (this.beforePlaying) this.acts.record('slices', null, this.beforePlaying)
    this.beforePlaying = null
    const pane = this.exam.active
    if (isPlaying && pane && pane.frameCount > 1) {
      this.beforePlaying = this.look()
      const wanted = pane.hung.image?.frameTimeMs ?? CINE_MILLISECONDS
      this.playing = setInterval(() => playOn(pane), Math.max(wanted, LEAST_CINE_MILLISECONDS))
    }
    this.changed()
  }

  retry(): void {
    for (const pane of this.exam.panes) pane.frame?.retry()
  }

  // What the pointer does.

  /** A drag over one pane: call what comes back with the distance since it began, in CSS pixels. */
  beginDrag(key: string, tool: DragTool, at: Point): (by: Point) => void {
    this.activate(key)
    const pane = this.exam.pane(key)
    if (!pane) return () => {}
    const { camera } = pane
    this.drags += 1
    const drag = { drag: this.drags }
    if (tool === 'pan') return (by) => this.move(key, drag, () => panned(camera, by))
    if (tool === 'zoom') {
      return (by) =>
        this.move(key, drag, () =>
          zoomedAt(camera, pane.size, at, scaleWithin(camera.scale * 2 ** (-by.y / DOUBLING_PIXELS))),
        )
    }
    if (tool === 'magnify') return (by) => this.magnify(pane, { x: at.x + by.x, y: at.y + by.y })
    const began = this.linked(pane).map((one) => ({ one, tone: one.tone }))
    return (by) =>
      this.act('window', drag, () => {
        for (const { one, tone } of began) one.tone = dragged(one.greyScale, tone, by)
      })
  }

  endDrag(): void {
    if (this.above.length === 0) return
    this.above = []
    this.changed()
  }

  /** The pane under a point of the stage, and the point within it. */
  paneAt(at: Point): { key: string; at: Point } | null {
    const found = this.exam.panes.find(
      ({ rect }) =>
        at.x >= rect.left &&
        at.x < rect.left + rect.width &&
        at.y >= rect.top &&
        at.y < rect.top + rect.height,
    )
    return found ? { key: found.hung.key, at: { x: at.x - found.rect.left, y: at.y - found.rect.top } } : null
  }

  /** What is on the stage, as a PNG; null where there is no stage. */
  picture(): Promise<Blob> | null {
    return this.stage?.snapshot(this.forStage()) ?? null
  }

  // How it is done.

  private linked(pane: Pane): readonly Pane[] {
    return this.exam.linked(pane, this.preferences.isLinked)
  }

  private look(): Look {
    return { exam: this.exam.look, wished: this.preferences.layout }
  }

  private restore({ exam, wished }: Look): void {
    this.beforePlaying = null
    this.setPlaying(false)
    this.exam.restore(exam)
    this.prefer({ layout: wished })
  }

  /** What can be taken back; then those who show it are told. */
  private act<Result>(title: string, gesture: Gesture, change: () => Result): Result {
    const result = this.acts.run(title, gesture, change)
    this.changed()
    return result
  }

  private move(key: string | null, gesture: Gesture, change: (camera: Camera, pane: Size) => Camera): void {
    this.act('view', gesture, () => this.exam.move(key, this.preferences.isLinked, change))
  }

  private prefer(changes: Partial<ViewerPreferences>): void {
    this.preferences = { ...this.preferences, ...changes }
    this.changed()
  }

  private makeStage(): Stage {
    return new Stage(this.canvas, {
      lost: () => {
        this.fallback = 'The graphics card was taken away. It goes on by itself when it is back.'
        this.changed()
      },
      restored: () => {
        this.fallback = null
        this.changed()
      },
    })
  }

  private measure(): void {
    const { width, height } = this.root.getBoundingClientRect()
    if (width === this.size.width && height === this.size.height) return
    this.size = { width, height }
    this.stage?.resize(this.size, devicePixelRatio)
    this.exam.resize(this.size)
    this.changed()
  }

  private magnify(pane: Pane, at: Point): void {
    const side = Math.min(pane.size.width, pane.size.height) * MAGNIFIER_SHARE
    const centre = toImage(pane.camera, pane.size, at)
    const rect = {
      left: pane.rect.left + at.x - side / 2,
      top: pane.rect.top + at.y - side / 2,
      width: side,
      height: side,
    }
    const camera = { ...pane.camera, centre, scale: pane.camera.scale * MAGNIFICATION }
    this.above = [{ ...pane.forStage(this.preferences.isSmooth), rect, camera }]
    this.changed()
  }

  private forStage(): StagePane[] {
    return [...this.exam.panes.map((pane) => pane.forStage(this.preferences.isSmooth)), ...this.above]
  }

  /** Tells those who listen, and draws in the next animation frame: many changes, one picture. */
  private changed(): void {
    this.state = this.made()
    for (const listener of this.listeners) listener()
    if (this.request !== 0) return
    this.request = requestAnimationFrame(() => {
      this.request = 0
      if (this.fallback === null) this.stage?.draw(this.forStage())
      this.marks.drawn(this.state.phase)
    })
  }

  private made(): ViewerState {
    const panes = this.exam.panes.map((pane) => pane.snapshot())
    const { layout, strip, notes } = this.exam.arranged
    return {
      phase: phaseOf(panes),
      layout,
      layouts: this.exam.layouts,
      panes,
      strip,
      notes,
      activeKey: this.exam.activeKey,
      tool: this.preferences.tool,
      isLinked: this.preferences.isLinked,
      hasOverlays: this.preferences.hasOverlays,
      isSmooth: this.preferences.isSmooth,
      isPlaying: this.playing !== null,
      stepWords: this.exam.stepWords,
      fallback: this.fallback,
      hasPrior: this.exam.hasPrior,
    }
  }
}

function scaleWithin(scale: number): number {
  return Math.min(Math.max(scale, LEAST_SCALE), MOST_SCALE)
}

/** The next slice. One that has not come is waited for: cine never shows one for another. */
function playOn(pane: Pane): void {
  if (pane.frame?.state !== 'full' && pane.frame?.state !== 'preview') return
  pane.show(pane.frameNumber === pane.frameCount ? 1 : pane.frameNumber + 1, 0)
}
