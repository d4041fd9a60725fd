/** An exam as it hangs: its panes, which of them is active, and where one is on the way through it. */
import type { FrameStore } from '@/viewer/engine/frames'
import {
  arrange,
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
  paneRects,
  type ReadingPosition,
  restored,
  type Standing,
  type Step,
  stepBy,
  stepDescription,
  steps,
  sweep,
} from '@/viewer/hanging'
import { Pane } from '@/viewer/pane'
import type { Camera, Rect, Size, Tone, ViewingImage } from '@/viewer/types'

/** What is opened: an exam, or one image by itself; and the earlier exam beside it. */
export interface Opened {
  /** The same as long as it is the same exam, however it changes. */
  readonly key: string
  readonly images: readonly ViewingImage[]
  readonly prior: readonly ViewingImage[]
  readonly priorAt: string | null
}

/** How everything hangs, stands and is windowed, as plain data: what is put back when an act is taken back. */
export interface ExamLook {
  readonly layout: LayoutId
  readonly activeKey: string | null
  readonly activeImage: number | null
  readonly placed: readonly (readonly [string, number])[]
  readonly position: ReadingPosition | null
  readonly panes: readonly {
    readonly key: string
    readonly imageId: number | null
    readonly camera: Camera
    readonly isFitted: boolean
    readonly tone: Tone
    readonly frameNumber: number
  }[]
}

const NOTHING: Opened = { key: '', images: [], prior: [], priorAt: null }
const IDLE: Camera = {
  centre: { x: 0, y: 0 },
  scale: 1,
  aspect: 1,
  orientation: { rotation: 0, isMirrored: false },
}

export class HungExam {
  panes: Pane[] = []
  activeKey: string | null = null
  opened: Opened = NOTHING
  private layout: LayoutId = 'single'
  private activeImage: number | undefined
  private placed = new Map<string, number>()
  private boxes: ReadonlyMap<number, Rect> = new Map()
  private position: ReadingPosition | null = null
  private size: Size = { width: 0, height: 0 }
  private arrangement: Arrangement = arrange([], 'single')
  private finding = new AbortController()
  private readonly store: FrameStore
  private readonly changed: () => void

  constructor(store: FrameStore, changed: () => void) {
    this.store = store
    this.changed = changed
  }

  get active(): Pane | undefined {
    return this.pane(this.activeKey)
  }

  get layouts(): readonly LayoutId[] {
    return layoutsFor(this.opened.images, this.hasPrior)
  }

  get hasPrior(): boolean {
    return this.opened.prior.length > 0
  }

  /** As it hangs: the layout that is shown, what stands beside it, and what is to be known of it. */
  get arranged(): Arrangement {
    return this.arrangement
  }

  /** Where one is on the way through the exam, in words. */
  get stepWords(): string | null {
    const step = this.position && this.way[this.position.step]
    return step && this.position ? stepDescription(step, this.position.part, this.partsOf(step)) : null
  }

  pane(key: string | null): Pane | undefined {
    return this.panes.find((one) => one.hung.key === key)
  }

  /** `wished` is the layout that its reader likes. True for another exam; what has become of the same one is taken in place. */
  open(opened: Opened, wished: LayoutId | null): boolean {
    const isNew = opened.key !== this.opened.key
    this.opened = opened
    if (isNew) {
      this.placed = new Map()
      this.boxes = new Map()
      this.activeImage = undefined
      this.position = null
      const isHung =
        wished !== null && wished !== 'single' && wished !== 'grid' && this.layouts.includes(wished)
      this.layout = isHung && opened.images.length > 1 ? wished : defaultLayout(opened.images)
    }
    this.hang(isNew)
    this.findBreasts()
    return isNew
  }

  setLayout(layout: LayoutId, active?: number): void {
    this.layout = layout
    this.activeImage = active ?? this.active?.hung.image?.id
    this.position = null
    this.hang(false)
  }

  /** Puts an image of the strip into the active pane. */
  place(imageId: number): void {
    const key = this.active?.hung.key
    if (key === undefined) return
    this.placed.set(key, imageId)
    this.hang(false)
  }

  /** Everything where and how it hung. */
  reset(): void {
    this.placed = new Map()
    this.hang(true)
  }

  resize(size: Size): void {
    this.size = size
    const rects = this.rects()
    for (const [index, pane] of this.panes.entries()) pane.rect = rects[index] ?? pane.rect
    this.refit(({ isFitted }) => isFitted)
  }

  get look(): ExamLook {
    return {
      layout: this.layout,
      activeKey: this.activeKey,
      activeImage: this.activeImage ?? null,
      placed: [...this.placed],
      position: this.position,
      panes: this.panes.map(({ hung, camera, isFitted, tone, frameNumber }) => {
        return { key: hung.key, imageId: hung.image?.id ?? null, camera, isFitted, tone, frameNumber }
      }),
    }
  }

  /** As it was then. What hung whole hangs whole again, also when the window of the browser has another size now. */
  restore(look: ExamLook): void {
    if (hangingOf(look) !== hangingOf(this.look)) {
      this.layout = look.layout
      this.activeImage = look.activeImage ?? undefined
      this.placed = new Map(look.placed)
      this.hang(false)
      if (this.pane(look.activeKey)) this.activeKey = look.activeKey
    }
    this.position = look.position
    for (const [index, pane] of this.panes.entries()) {
      const then = look.panes.find(({ key }) => key === pane.hung.key)
      if (!then || then.imageId !== pane.hung.image?.id) continue
      pane.camera = then.camera
      pane.isFitted = then.isFitted
      pane.tone = then.tone
      pane.show(Math.min(then.frameNumber, pane.frameCount), index)
    }
    this.refit(({ isFitted }) => isFitted)
  }

  /** The whole of each picture, turned as it hangs. */
  fit(): void {
    this.refit(() => true)
  }

  /** The pane itself, and where they are linked all the others that show something. */
  linked(pane: Pane, isLinked: boolean): readonly Pane[] {
    return isLinked ? this.panes.filter(({ hung }) => hung.image !== null) : [pane]
  }

  move(key: string | null, isLinked: boolean, change: (camera: Camera, pane: Size) => Camera): void {
    const pane = this.pane(key)
    const image = pane?.hung.image
    if (!pane || !image) return
    pane.camera = change(pane.camera, pane.size)
    pane.isFitted = false
    const from = { camera: pane.camera, pane: pane.size, image, box: this.boxes.get(image.id) }
    for (const other of this.linked(pane, isLinked)) {
      const its = other.hung.image
      if (other === pane || !its) continue
      const to = { camera: other.camera, pane: other.size, image: its, box: this.boxes.get(its.id) }
      other.camera = linkedCamera(from, to)
      other.isFitted = false
    }
  }

  /** One image pixel a screen pixel: at the chest wall, unless its reader already looks somewhere else. */
  oneToOne(isLinked: boolean): void {
    const pane = this.active
    const image = pane?.hung.image
    if (!pane || !image) return
    const camera = oneToOne(pane.camera, devicePixelRatio)
    const box = pane.isFitted ? boxOf(image, this.boxes) : null
    this.move(pane.hung.key, isLinked, (_, size) =>
      box ? justified(size, box, pane.hung.chestWall, camera) : camera,
    )
  }

  /** The way through the exam, forwards or back; false at its end. */
  step(by: 1 | -1): boolean {
    const { way } = this
    const next =
      this.position === null && by === 1
        ? this.firstStep(way)
        : stepBy(way, this.position ?? { step: way.length, part: 0 }, by, this.partsOf)
    const step = next && way[next.step]
    if (!next || !step) return false
    this.layout = step.layout
    this.activeImage = step.active ?? undefined
    this.placed = new Map()
    this.position = next
    this.hang(true)
    const pane = this.panes[0]
    if (step.mode === 'quadrants' && pane?.hung.image) {
      pane.camera = this.sweepOver(pane.hung.image, pane.size)[next.part] ?? pane.camera
      pane.isFitted = false
    }
    return true
  }

  dispose(): void {
    this.finding.abort()
    for (const pane of this.panes) pane.dispose()
    this.panes = []
  }

  private get way(): readonly Step[] {
    return steps(this.opened.images, this.hasPrior)
  }

  private rects(): readonly Rect[] {
    return paneRects(this.arrangement, this.size, devicePixelRatio)
  }

  /** What its reader moved or windowed stays with its image; `anew`: everything stands as it hangs. */
  private hang(anew: boolean): void {
    const standings = new Map<number, Standing>()
    for (const { hung, camera, isFitted } of this.panes) {
      if (hung.image && !anew) standings.set(hung.image.id, { camera, isFitted })
    }
    this.arrangement = arrange(this.opened.images, this.layout, {
      prior: this.opened.prior,
      priorAt: this.opened.priorAt,
      active: this.activeImage,
      placed: this.placed,
    })
    this.fillPanes(restored(this.arrangement, this.rects(), standings, this.boxes), anew)
    const keys = this.panes.map(({ hung }) => hung.key)
    if (this.activeKey === null || !keys.includes(this.activeKey)) {
      this.activeKey = this.panes.find(({ hung }) => hung.image !== null)?.hung.key ?? keys[0] ?? null
    }
  }

  private fillPanes(cameras: readonly Camera[], anew: boolean): void {
    const before = this.panes
    const rects = this.rects()
    this.panes = this.arrangement.panes.map((hung, index) => {
      const rect = rects[index] ?? { left: 0, top: 0, width: 0, height: 0 }
      const pane = new Pane(hung, rect, cameras[index] ?? IDLE, this.store, this.changed)
      const same = before.find((one) => hung.image !== null && one.hung.image?.id === hung.image.id)
      if (same) {
        pane.tone = same.tone
        pane.isFitted = anew || same.isFitted
      }
      // Of a stack of slices the middle one says most.
      pane.show(same?.frameNumber ?? Math.ceil(pane.frameCount / 2), index)
      return pane
    })
    for (const pane of before) pane.dispose()
  }

  private refit(which: (pane: Pane) => boolean): void {
    const cameras = fitted(this.arrangement, this.rects(), this.boxes)
    for (const [index, pane] of this.panes.entries()) {
      if (!which(pane)) continue
      pane.camera = cameras[index] ?? pane.camera
      pane.isFitted = true
    }
  }

  private readonly partsOf = (step: Step): number => {
    const image = this.opened.images.find(({ id }) => id === step.active)
    return image ? this.sweepOver(image, this.size).length : 1
  }

  /** All of the image at one image pixel a screen pixel, place by place: what was taken for air is looked at as well. */
  private sweepOver(image: ViewingImage, pane: Size): readonly Camera[] {
    return sweep(pane, image, devicePixelRatio)
  }

  /** The first step shows what is shown already: then the second. */
  private firstStep(way: readonly Step[]): ReadingPosition | null {
    const at = way.findIndex(({ layout, active }) => layout === this.layout && active === null)
    if (at < 0) return way.length > 0 ? { step: 0, part: 0 } : null
    return stepBy(way, { step: at, part: 0 }, 1, this.partsOf)
  }

  private findBreasts(): void {
    this.finding.abort()
    this.finding = new AbortController()
    const { signal } = this.finding
    void breastBoxes([...this.opened.images, ...this.opened.prior], signal).then((boxes) => {
      if (signal.aborted || boxes.size === 0) return
      this.boxes = boxes
      this.refit(({ isFitted }) => isFitted)
      this.changed()
    })
  }
}

function hangingOf({ layout, activeImage, placed }: ExamLook): string {
  return JSON.stringify([layout, activeImage, placed])
}
