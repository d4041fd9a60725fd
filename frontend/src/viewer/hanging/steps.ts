/** The way through an exam by one key. Pure. */
import type { Camera, Rect, Size, ViewingImage } from '@/viewer/types'
import { type Arrangement, defaultLayout, pictureList } from './arrange'
import { choose } from './choose'
import { fitted } from './fit'
import type { LayoutId } from './layouts'
import { slotOf, SLOTS } from './views'
import { layoutName, paneLabel } from './words'

export interface Step {
  /** The same for the same step of the same exam. */
  readonly key: string
  readonly title: string
  readonly layout: LayoutId
  /** The image that is looked at by itself; null: all of the layout. */
  readonly active: number | null
  /** `quadrants`: at one image pixel a device pixel, place by place. */
  readonly mode: 'fit' | 'quadrants'
}

/** Which step, and which place of it, both from 0. */
export interface ReadingPosition {
  readonly step: number
  readonly part: number
}

function whole(layout: LayoutId): Step {
  return { key: layout, title: layoutName(layout), layout, active: null, mode: 'fit' }
}

function closely(image: ViewingImage): Step {
  const title = `${paneLabel(image)} at 1:1`
  return { key: `image ${image.id}`, title, layout: 'single', active: image.id, mode: 'quadrants' }
}

/**
 * All of it; the CC and the MLO pair; each view at 1:1; the further pictures; the earlier exam. Images with nothing to
 * show are no step of their own.
 */
export function steps(images: readonly ViewingImage[], hasPrior: boolean): readonly Step[] {
  const chosen = choose(images)
  const has = (...slots: (typeof SLOTS)[number][]): boolean => slots.some((slot) => chosen[slot].length > 0)
  const overview = defaultLayout(images)
  const isHung = SLOTS.some((slot) => chosen[slot].length > 0)
  const found: Step[] = []
  if (overview !== 'single') found.push(whole(overview))
  if (isHung && overview !== 'single') {
    if (overview !== 'cc' && has('R CC', 'L CC')) found.push(whole('cc'))
    if (overview !== 'mlo' && has('R MLO', 'L MLO')) found.push(whole('mlo'))
  }
  const shown = pictureList(images).filter((image) => image.status === 'ready')
  if (overview === 'single') found.push(whole('single'))
  const hung = shown.filter((image) => slotOf(image) !== null && chosen[slotOf(image) ?? 'R CC'][0] === image)
  found.push(...hung.map(closely), ...shown.filter((image) => !hung.includes(image)).map(closely))
  if (hasPrior) {
    if (has('R CC', 'L CC')) found.push(whole('prior-cc'))
    if (has('R MLO', 'L MLO')) found.push(whole('prior-mlo'))
    if (!isHung) found.push(whole('prior-single'))
  }
  return found
}

/** The next place (`by` 1) or the one before (-1); null: beyond the exam's end or start. `parts`: places of a step. */
export function stepBy(
  way: readonly Step[],
  at: ReadingPosition,
  by: 1 | -1,
  parts: (step: Step) => number,
): ReadingPosition | null {
  const step = way[at.step]
  if (step === undefined) return null
  const part = at.part + by
  if (part >= 0 && part < countOf(step, parts)) return { step: at.step, part }
  const next = way[at.step + by]
  if (next === undefined) return null
  return { step: at.step + by, part: by === 1 ? 0 : countOf(next, parts) - 1 }
}

function countOf(step: Step, parts: (step: Step) => number): number {
  return step.mode === 'quadrants' ? Math.max(1, parts(step)) : 1
}

/** Where one stands on the way after having chosen a layout or an image by hand; null: nowhere on it. */
export function positionOf(
  way: readonly Step[],
  layout: LayoutId,
  active: number | null,
): ReadingPosition | null {
  const exact = way.findIndex(
    (step) => step.layout === layout && step.active !== null && step.active === active,
  )
  const alike = way.findIndex((step) => step.layout === layout && step.active === null)
  const step = exact >= 0 ? exact : alike
  return step >= 0 ? { step, part: 0 } : null
}

/** How an image stood before the layout changed; `isFitted`: as it was hung, not as its reader moved it. */
export interface Standing {
  readonly camera: Camera
  readonly isFitted: boolean
}

/** Cameras of a new layout: what its reader had moved stays at its place, size and turn; the rest is hung anew. */
export function restored(
  arrangement: Arrangement,
  paneSizes: readonly Size[],
  standings: ReadonlyMap<number, Standing>,
  contents?: ReadonlyMap<number, Rect>,
): readonly Camera[] {
  return fitted(arrangement, paneSizes, contents).map((camera, index) => {
    const image = arrangement.panes[index]?.image
    const standing = image ? standings.get(image.id) : undefined
    return standing === undefined || standing.isFitted ? camera : standing.camera
  })
}
