/**
 * The viewer: an exam, hung in panes, drawn on one canvas, moved by commands and by the pointer. No React; whoever shows
 * it subscribes and reads `state`.
 */
import { mirrored, panned, toImage, turned, upended, zoomedAt } from '@/viewer/camera'
import { FrameStore } from '@/viewer/engine/frames'
import { Stage, type StagePane, stageProblem } from '@/viewer/engine/stage'
import {
  arrange,
  type ArrangeOptions,
  type Arrangement,
  boxOf,
  breastBoxes,
  defaultLayout,
  fitted,
  justified,
  type LayoutId,
  layoutsFor,
  linkedCamera,
  oneToOne,
  quadrants,
  type ReadingPosition,
  restored,
  type Standing,
  type Step,
  stepBy,
  stepDescription,
  steps,
  trueSize,
} from '@/viewer/hanging'
import { Pane } from '@/viewer/pane'
import {
  type DragTool,
  type PaneState,
  type Phase,
  USUAL_PREFERENCES,
  type ViewerPreferences,
  type ViewerState,
} from '@/viewer/state'
import { dragged } from '@/viewer/sync/windows'
import type { Camera, Point, Rect, Size, ViewingImage } from '@/viewer/types'
import { defaultTone, presets } from '@/viewer/voi/table'

/** What is opened: an exam, or one image by itself; and the earlier exam beside it. */
export interface Opened {
  /** The same as long as it is the same exam, however it changes. */
  readonly key: string
  readonly images: readonly ViewingImage[]
  readonly prior: readonly ViewingImage[]
  readonly priorAt: string | null
}

const NOTHING: Opened = { key: '', images: [], prior: [], priorAt: null }
const ZOOM_STEP = 1.25
const LEAST_SCALE = 0.01
const MOST_SCALE = 32

export class MammoViewer {
  state: ViewerState
  readonly store = new FrameStore()
  readonly canvas: HTMLCanvasElement
  private readonly root: HTMLElement
  private readonly listeners = new Set<() => void>()
  private readonly resizing: ResizeObserver
  private stage: Stage | null = null
  private fallback: string | null
  private opened: Opened = NOTHING
  private preferences: ViewerPreferences
  private layout: LayoutId = 'single'
  private arrangement: Arrangement = arrange([], 'single')
  private panes: Pane[] = []
  private activeKey: string | null = null
  private activeImage: number | undefined
  private placed = new Map<string, number>()
  private boxes: ReadonlyMap<number, Rect> = new Map()
  private position: ReadingPosition | null = null
  private playing: ReturnType<typeof setInterval> | null = null
  private size: Size = { width: 0, height: 0 }
  private request = 0
  private finding = new AbortController()
  private marked: Phase = 'opening'
  /** Panes that lie over the others for a moment: the magnifier's. */
  private above: readonly StagePane[] = []

  constructor(root: HTMLElement, preferences: ViewerPreferences = USUAL_PREFERENCES) {
    this.root = root
    this.preferences = preferences
    this.canvas = document.createElement('canvas')
    this.canvas.setAttribute('aria-hidden', 'true')
    root.prepend(this.canvas)
    this.fallback = stageProblem()
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
    const isNew = opened.key !== this.opened.key
    this.opened = opened
    if (isNew) {
      performance.clearMarks('viewer:first-picture')
      performance.clearMarks('viewer:all-full')
      performance.mark('viewer:open')
      this.marked = 'opening'
      this.placed = new Map()
      this.boxes = new Map()
      this.activeImage = undefined
      this.position = null
      this.setPlaying(false)
      const wished = this.preferences.layout
      const offered = layoutsFor(opened.images, opened.prior.length > 0)
      const isHung = wished !== null && wished !== 'single' && wished !== 'grid' && offered.includes(wished)
      this.layout = isHung && opened.images.length > 1 ? wished : defaultLayout(opened.images)
    }
    this.hang(isNew)
    this.findBreasts()
  }

  dispose(): void {
    this.finding.abort()
    this.setPlaying(false)
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    for (const pane of this.panes) pane.dispose()
    this.panes = []
    this.stage?.dispose()
    this.store.dispose()
    this.canvas.remove()
    this.listeners.clear()
  }

  // What commands do.

  setLayout(layout: LayoutId, active?: number): void {
    this.layout = layout
    this.activeImage = active ?? this.active?.hung.image?.id
    this.position = null
    this.preferences = { ...this.preferences, layout }
    this.hang(false)
  }

  setTool(tool: DragTool): void {
    this.preferences = { ...this.preferences, tool }
    this.changed()
  }

  setLinked(isLinked: boolean): void {
    this.preferences = { ...this.preferences, isLinked }
    this.changed()
  }

  setOverlays(hasOverlays: boolean): void {
    this.preferences = { ...this.preferences, hasOverlays }
    this.changed()
  }

  activate(key: string): void {
    if (this.activeKey === key) return
    this.activeKey = key
    this.changed()
  }

  /** Puts an image of the strip into the active pane. */
  place(imageId: number): void {
    const key = this.active?.hung.key
    if (key === undefined) return
    this.placed.set(key, imageId)
    this.hang(false)
  }

  /** As it was hung and as the file says, all panes. */
  reset(): void {
    this.placed = new Map()
    this.arrangement = this.arranged()
    const cameras = fitted(this.arrangement, this.rects(), this.boxes)
    this.rehang(cameras, true)
    for (const pane of this.panes) pane.tone = defaultTone(pane.greyScale)
    this.changed()
  }

  /** The whole of each picture, turned as it is turned. */
  fit(): void {
    const cameras = fitted(this.arrangement, this.rects(), this.boxes)
    for (const [index, pane] of this.panes.entries()) {
      pane.camera = cameras[index] ?? pane.camera
      pane.isFitted = true
    }
    this.changed()
  }

  /** One image pixel a screen pixel: at the chest wall, unless its reader already looks somewhere else. */
  oneToOne(): void {
    const pane = this.active
    const image = pane?.hung.image
    if (!pane || !image) return
    const camera = oneToOne(pane.camera, devicePixelRatio)
    const box = pane.isFitted ? boxOf(image, this.boxes) : null
    this.moveActive((_, size) => (box ? justified(size, box, pane.hung.chestWall, camera) : camera))
  }

  /** False where the image tells no millimetres. */
  trueSize(pixelsPerMm: number): boolean {
    const pane = this.active
    if (!pane?.hung.image) return false
    const camera = trueSize(pane.camera, pane.hung.image.spacing, pixelsPerMm)
    if (camera === null) return false
    this.moveActive(() => camera)
    return true
  }

  zoomBy(factor: number, key = this.activeKey, at: Point | null = null): void {
    this.move(key, (camera, pane) => {
      const scale = Math.min(Math.max(camera.scale * factor, LEAST_SCALE), MOST_SCALE)
      return zoomedAt(camera, pane, at ?? { x: pane.width / 2, y: pane.height / 2 }, scale)
    })
  }

  zoomIn(): void {
    this.zoomBy(ZOOM_STEP)
  }

  zoomOut(): void {
    this.zoomBy(1 / ZOOM_STEP)
  }

  panBy(by: Point, key = this.activeKey): void {
    this.move(key, (camera) => panned(camera, by))
  }

  turn(how: 'turned' | 'mirrored' | 'upended'): void {
    const pane = this.active
    if (!pane) return
    const change = { turned, mirrored, upended }[how]
    pane.camera = { ...pane.camera, orientation: change(pane.camera.orientation) }
    pane.isFitted = false
    this.changed()
  }

  /** All panes, or the active one alone where they are not linked. */
  invert(): void {
    const pane = this.active
    if (!pane) return
    const isInverted = !pane.tone.isInverted
    for (const one of this.linked(pane)) one.tone = { ...one.tone, isInverted }
    this.changed()
  }

  /** The next or the one before of the file's windows and tables. */
  preset(by: 1 | -1): void {
    for (const pane of this.active ? this.linked(this.active) : []) {
      if (!pane.greyScale) continue
      const offered = presets(pane.greyScale)
      const at = offered.findIndex((one) => one.id === pane.tone.voiId)
      const next = offered[(at + by + offered.length) % offered.length]
      if (next) pane.tone = { ...pane.tone, voiId: next.id, window: null }
    }
    this.changed()
  }

  /** One of them, by its id, of the active pane. */
  choosePreset(voiId: string): void {
    const pane = this.active
    if (!pane) return
    pane.tone = { ...pane.tone, voiId, window: null }
    this.changed()
  }

  /** The way through the exam, forwards or back; false at its end. */
  step(by: 1 | -1): boolean {
    const way = this.way
    const from = this.position ?? { step: by === 1 ? 0 : way.length, part: 0 }
    const next =
      this.position === null && by === 1 ? this.firstStep(way) : stepBy(way, from, by, this.partsOf)
    const step = next && way[next.step]
    if (!next || !step) return false
    this.layout = step.layout
    this.activeImage = step.active ?? undefined
    this.placed = new Map()
    this.position = next
    this.hang(true)
    const pane = this.panes[0]
    if (step.mode === 'quadrants' && pane) {
      pane.camera = this.quadrantsOf(pane)[next.part] ?? pane.camera
      pane.isFitted = false
    }
    this.changed()
    return true
  }

  /** Another frame of the active pane, by so many or to this one. */
  scroll(by: number, key = this.activeKey): void {
    const pane = this.panes.find((one) => one.hung.key === key)
    if (pane) this.showFrame(pane.hung.key, pane.frameNumber + by)
  }

  showFrame(key: string, number: number): void {
    const pane = this.panes.find((one) => one.hung.key === key)
    if (!pane || pane.frameCount < 2) return
    pane.show(Math.min(Math.max(number, 1), pane.frameCount), 0)
  }

  setPlaying(isPlaying: boolean): void {
    if (this.playing !== null) clearInterval(this.playing)
    this.playing = null
    const pane = this.active
    if (isPlaying && pane && pane.frameCount > 1) {
      const milliseconds = Math.max(
        pane.hung.image?.frameTimeMs ?? CINE_MILLISECONDS,
        LEAST_CINE_MILLISECONDS,
      )
      this.playing = setInterval(() => this.playOn(pane), milliseconds)
    }
    this.changed()
  }

  retry(): void {
    for (const pane of this.panes) pane.frame?.retry()
  }

  // What the pointer does.

  /** A drag over one pane: call what comes back with the distance since it began, in CSS pixels. */
  beginDrag(key: string, tool: DragTool, at: Point): (by: Point) => void {
    this.activate(key)
    const pane = this.panes.find((one) => one.hung.key === key)
    if (!pane) return () => {}
    const camera = pane.camera
    if (tool === 'pan') return (by) => this.move(key, () => panned(camera, by))
    if (tool === 'zoom') {
      return (by) =>
        this.move(key, () => {
          const scale = Math.min(Math.max(camera.scale * 2 ** (-by.y / 120), LEAST_SCALE), MOST_SCALE)
          return zoomedAt(camera, pane.size, at, scale)
        })
    }
    if (tool === 'magnify') return (by) => this.magnify(pane, { x: at.x + by.x, y: at.y + by.y })
    const tones = this.linked(pane).map((one) => ({ one, tone: one.tone }))
    return (by) => {
      for (const { one, tone } of tones) one.tone = dragged(one.greyScale, tone, by)
      this.changed()
    }
  }

  endDrag(): void {
    if (this.above.length === 0) return
    this.above = []
    this.changed()
  }

  /** The pane under a point of the stage, and the point within it. */
  paneAt(at: Point): { key: string; at: Point } | null {
    const found = this.panes.find(
      ({ rect }) =>
        at.x >= rect.left &&
        at.x < rect.left + rect.width &&
        at.y >= rect.top &&
        at.y < rect.top + rect.height,
    )
    return found ? { key: found.hung.key, at: { x: at.x - found.rect.left, y: at.y - found.rect.top } } : null
  }

  /** Image point under a point of the pane. */
  imagePoint(key: string, at: Point): Point | null {
    const pane = this.panes.find((one) => one.hung.key === key)
    return pane ? toImage(pane.camera, pane.size, at) : null
  }

  /** Samples of the pane's frame, at the best resolution that has come. */
  paneOf(key: string): Pane | null {
    return this.panes.find((one) => one.hung.key === key) ?? null
  }

  /** What is on the stage, as a PNG; null where there is no stage. */
  picture(): Promise<Blob> | null {
    return this.stage?.snapshot(this.forStage()) ?? null
  }

  /** What is to be remembered of this reader. */
  get kept(): ViewerPreferences {
    return this.preferences
  }

  // How it is done.

  private get active(): Pane | undefined {
    return this.panes.find((one) => one.hung.key === this.activeKey)
  }

  private get way(): readonly Step[] {
    return steps(this.opened.images, this.opened.prior.length > 0)
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
    const cameras = fitted(this.arrangement, this.rects(), this.boxes)
    for (const [index, pane] of this.panes.entries()) {
      pane.rect = this.rects()[index] ?? pane.rect
      if (pane.isFitted) pane.camera = cameras[index] ?? pane.camera
    }
    this.changed()
  }

  private arranged(): Arrangement {
    const options: ArrangeOptions = {
      prior: this.opened.prior,
      priorAt: this.opened.priorAt,
      active: this.activeImage,
      placed: this.placed,
    }
    return arrange(this.opened.images, this.layout, options)
  }

  /** One after the other without a gap: chest walls meet. */
  private rects(): readonly Rect[] {
    const { rows, columns, panes } = this.arrangement
    const width = this.size.width / columns
    const height = this.size.height / rows
    return panes.map(({ place }) => ({ left: place.column * width, top: place.row * height, width, height }))
  }

  /** What its reader moved or windowed stays with its image; `anew`: everything as it hangs. */
  private hang(anew: boolean): void {
    const standings = new Map<number, Standing>()
    for (const { hung, camera, isFitted } of this.panes) {
      if (hung.image && !anew) standings.set(hung.image.id, { camera, isFitted })
    }
    this.arrangement = this.arranged()
    this.rehang(restored(this.arrangement, this.rects(), standings, this.boxes), false)
    this.changed()
  }

  private rehang(cameras: readonly Camera[], isFitted: boolean): void {
    const before = this.panes
    const rects = this.rects()
    this.panes = this.arrangement.panes.map((hung, index) => {
      const rect = rects[index] ?? { left: 0, top: 0, width: 0, height: 0 }
      const pane = new Pane(hung, rect, cameras[index] ?? IDLE, this.store, () => this.changed())
      const same = before.find((one) => one.hung.image?.id === hung.image?.id && hung.image !== null)
      if (same) {
        pane.tone = same.tone
        pane.isFitted = isFitted || same.isFitted
      }
      pane.show(same?.frameNumber ?? Math.ceil(pane.frameCount / 2), index)
      return pane
    })
    for (const pane of before) pane.dispose()
    const keys = this.panes.map(({ hung }) => hung.key)
    if (this.activeKey === null || !keys.includes(this.activeKey)) {
      this.activeKey = this.panes.find(({ hung }) => hung.image !== null)?.hung.key ?? keys[0] ?? null
    }
  }

  /** The pane itself, and where they are linked all the others that show something. */
  private linked(pane: Pane): readonly Pane[] {
    return this.preferences.isLinked ? this.panes.filter(({ hung }) => hung.image !== null) : [pane]
  }

  private moveActive(change: (camera: Camera, pane: Size) => Camera): void {
    this.move(this.activeKey, change)
  }

  private move(key: string | null, change: (camera: Camera, pane: Size) => Camera): void {
    const pane = this.panes.find((one) => one.hung.key === key)
    const image = pane?.hung.image
    if (!pane || !image) return
    pane.camera = change(pane.camera, pane.size)
    pane.isFitted = false
    const from = { camera: pane.camera, pane: pane.size, image, box: this.boxes.get(image.id) }
    for (const other of this.linked(pane)) {
      const its = other.hung.image
      if (other === pane || !its) continue
      const to = { camera: other.camera, pane: other.size, image: its, box: this.boxes.get(its.id) }
      other.camera = linkedCamera(from, to)
      other.isFitted = false
    }
    this.changed()
  }

  private readonly partsOf = (step: Step): number => {
    const image = this.opened.images.find(({ id }) => id === step.active)
    if (!image) return 1
    const camera = { ...IDLE, scale: 1 / devicePixelRatio }
    return quadrants(this.size, image, camera, this.boxes.get(image.id)).length
  }

  private quadrantsOf({ hung, camera, size }: Pane): readonly Camera[] {
    const { image, chestWall } = hung
    if (!image) return []
    return quadrants(size, image, oneToOne(camera, devicePixelRatio), this.boxes.get(image.id), chestWall)
  }

  /** The first step shows what is shown already: then the second. */
  private firstStep(way: readonly Step[]): ReadingPosition | null {
    const at = way.findIndex(({ layout, active }) => layout === this.layout && active === null)
    if (at < 0) return way.length > 0 ? { step: 0, part: 0 } : null
    return stepBy(way, { step: at, part: 0 }, 1, this.partsOf)
  }

  private playOn(pane: Pane): void {
    // A frame that has not come is waited for; cine never shows one for another.
    if (pane.frame?.state !== 'full' && pane.frame?.state !== 'preview') return
    pane.show(pane.frameNumber === pane.frameCount ? 1 : pane.frameNumber + 1, 0)
  }

  private magnify(pane: Pane, at: Point): void {
    const side = Math.min(pane.size.width, pane.size.height) * MAGNIFIER_SHARE
    const shown = pane.forStage()
    const centre = toImage(pane.camera, pane.size, at)
    const scale = pane.camera.scale * MAGNIFICATION
    const rect = {
      left: pane.rect.left + at.x - side / 2,
      top: pane.rect.top + at.y - side / 2,
      width: side,
      height: side,
    }
    this.above = [{ ...shown, rect, camera: { ...pane.camera, centre, scale } }]
    this.changed()
  }

  private forStage(): StagePane[] {
    return [...this.panes.map((pane) => pane.forStage()), ...this.above]
  }

  private findBreasts(): void {
    this.finding.abort()
    this.finding = new AbortController()
    const { signal } = this.finding
    void breastBoxes([...this.opened.images, ...this.opened.prior], signal).then((boxes) => {
      if (signal.aborted || boxes.size === 0) return
      this.boxes = boxes
      const cameras = fitted(this.arrangement, this.rects(), boxes)
      for (const [index, pane] of this.panes.entries())
        if (pane.isFitted) pane.camera = cameras[index] ?? pane.camera
      this.changed()
    })
  }

  /** Tells those who listen, and draws in the next animation frame: many changes, one picture. */
  private changed(): void {
    this.state = this.made()
    for (const listener of this.listeners) listener()
    if (this.request !== 0) return
    this.request = requestAnimationFrame(() => {
      this.request = 0
      if (this.fallback === null) this.stage?.draw(this.forStage())
      this.markDrawn()
    })
  }

  /** When the first picture was drawn, and when all were at full resolution. */
  private markDrawn(): void {
    const { phase } = this.state
    if (phase === this.marked) return
    if (this.marked === 'opening' && (phase === 'preview' || phase === 'full'))
      performance.mark('viewer:first-picture')
    if (phase === 'full' && performance.getEntriesByName('viewer:all-full').length === 0) {
      performance.mark('viewer:all-full')
    }
    this.marked = phase
  }

  private made(): ViewerState {
    const panes: PaneState[] = this.panes.map((pane) => pane.snapshot())
    const step = this.position && this.way[this.position.step]
    return {
      phase: phaseOf(panes),
      layout: this.arrangement.layout,
      layouts: layoutsFor(this.opened.images, this.opened.prior.length > 0),
      panes,
      strip: this.arrangement.strip,
      notes: this.arrangement.notes,
      activeKey: this.activeKey,
      tool: this.preferences.tool,
      isLinked: this.preferences.isLinked,
      hasOverlays: this.preferences.hasOverlays,
      isPlaying: this.playing !== null,
      stepWords: step && this.position ? stepDescription(step, this.position.part, this.partsOf(step)) : null,
      fallback: this.fallback,
      hasPrior: this.opened.prior.length > 0,
    }
  }
}

const CINE_MILLISECONDS = 100
const LEAST_CINE_MILLISECONDS = 30
const MAGNIFICATION = 2
const MAGNIFIER_SHARE = 0.5
const IDLE: Camera = {
  centre: { x: 0, y: 0 },
  scale: 1,
  aspect: 1,
  orientation: { rotation: 0, isMirrored: false },
}

/** Of the panes that have something to show. */
function phaseOf(panes: readonly PaneState[]): Phase {
  const shown = panes.filter(({ image, missing }) => image !== null && missing === null)
  if (shown.length === 0) return panes.length > 0 ? 'failed' : 'opening'
  if (shown.every(({ frameState }) => frameState === 'full')) return 'full'
  if (shown.some(({ frameState }) => frameState === 'full' || frameState === 'preview')) return 'preview'
  return shown.every(({ frameState }) => frameState === 'failed') ? 'failed' : 'opening'
}
