/** Cameras of an arrangement: whole breasts at one physical scale, chest walls at their side, true sizes. Pure. */
import { laidSize, panned } from '@/viewer/camera'
import type { Camera, Rect, Size, ViewingImage, ViewingSpacing } from '@/viewer/types'
import type { Arrangement, HungPane } from './arrange'
import type { ChestWall } from './orientation'
import { aspectOf, millimetres, scaleGroups, wholeOf } from './scale'

/** Camera of a pane in which nothing can be shown. */
const IDLE: Camera = {
  centre: { x: 0, y: 0 },
  scale: 1,
  aspect: 1,
  orientation: { rotation: 0, isMirrored: false },
}

/** What has to be seen of an image: the breast where it is known, the whole image otherwise. In image pixels. */
export function boxOf(image: ViewingImage, contents?: ReadonlyMap<number, Rect>): Rect | null {
  const whole = wholeOf(image)
  const content = contents?.get(image.id)
  if (whole === null || content === undefined) return whole
  const left = Math.min(Math.max(content.left, 0), whole.width)
  const top = Math.min(Math.max(content.top, 0), whole.height)
  const right = Math.min(content.left + content.width, whole.width)
  const bottom = Math.min(content.top + content.height, whole.height)
  return right - left < 1 || bottom - top < 1
    ? whole
    : { left, top, width: right - left, height: bottom - top }
}

/** The camera under which `box` stands at the side of its chest wall, or else in the middle, halfway down the pane. */
export function justified(
  pane: Size,
  box: Rect,
  chestWall: ChestWall,
  camera: Omit<Camera, 'centre'>,
): Camera {
  const centred = { ...camera, centre: { x: box.left + box.width / 2, y: box.top + box.height / 2 } }
  if (chestWall === null) return centred
  const gap = (pane.width - laidSize(centred, box).width) / 2
  return panned(centred, { x: chestWall === 'right' ? gap : -gap, y: 0 })
}

/** Cameras in the order of `arrangement.panes`: the same millimetres per CSS pixel wherever millimetres are known. */
export function fitted(
  arrangement: Arrangement,
  paneSizes: readonly Size[],
  contents?: ReadonlyMap<number, Rect>,
): readonly Camera[] {
  const groups = scaleGroups(arrangement.panes)
  const fits = arrangement.panes.map((pane, index) => fitOf(pane, paneSizes[index], contents))
  const most = new Map<string, number>()
  for (const [index, fit] of fits.entries()) {
    const group = groups.get(arrangement.panes[index]?.key ?? '')
    if (fit === null || group === undefined) continue
    most.set(group, Math.min(most.get(group) ?? Number.POSITIVE_INFINITY, fit.scale / fit.unit))
  }
  return fits.map((fit, index) => {
    const pane = arrangement.panes[index]
    if (fit === null || pane === undefined) return IDLE
    const shared = most.get(groups.get(pane.key) ?? '')
    const scale = shared === undefined ? fit.scale : shared * fit.unit
    return justified(fit.size, fit.box, pane.chestWall, { ...fit, scale })
  })
}

interface Fit {
  readonly size: Size
  readonly box: Rect
  /** Millimetres per image pixel along a row; 1 where they are unknown. */
  readonly unit: number
  /** CSS pixels per image pixel at which the box just fills the pane. */
  readonly scale: number
  readonly aspect: number
  readonly orientation: Camera['orientation']
}

function fitOf(pane: HungPane, size: Size | undefined, contents?: ReadonlyMap<number, Rect>): Fit | null {
  const box = pane.image === null ? null : boxOf(pane.image, contents)
  if (pane.image === null || box === null || size === undefined) return null
  const { orientation } = pane
  const aspect = aspectOf(pane.image)
  const laid = laidSize({ ...IDLE, aspect, orientation }, box)
  const scale = Math.max(Math.min(size.width / laid.width, size.height / laid.height), Number.EPSILON)
  return { size, box, unit: millimetres(pane.image)?.column ?? 1, scale, aspect, orientation }
}

/** One image pixel along a row is one device pixel. */
export function oneToOne(camera: Camera, pixelRatio: number): Camera {
  return { ...camera, scale: 1 / pixelRatio }
}

/** As large on the glass as in the breast (or on what the spacing's basis names); null where that is unknown. */
export function trueSize(camera: Camera, spacing: ViewingSpacing, cssPixelsPerMm: number): Camera | null {
  if (spacing.columnMm === null || spacing.rowMm === null || !(cssPixelsPerMm > 0)) return null
  return { ...camera, scale: spacing.columnMm * cssPixelsPerMm }
}
