/** An exam as a breast radiologist hangs it: which image stands in which pane, how it is laid, what is missing. Pure. */
import type { Orientation, ViewingImage } from '@/viewer/types'
import { UPRIGHT } from '@/viewer/camera'
import { type Chosen, choose, chooseDisplaced, compareForPlace } from './choose'
import { gridOf, type LayoutId, LAYOUTS, PLANS, type Seat, showsPrior } from './layouts'
import { notesOf } from './notes'
import { type ChestWall, chestWallOf, orientationOf } from './orientation'
import { isImplantDisplaced, isMammogram, isPicture, type Slot, SLOTS, slotOf } from './views'
import { missingWords, paneLabel, slotLabel, standingWords } from './words'

export interface HungPane {
  /** The same for the same place in every layout: `R CC`, `prior R CC`, `single`, `prior`, `grid 1`. */
  readonly key: string
  /** "R CC", "R MLO · prior 12 May 2024". */
  readonly label: string
  readonly slot: Slot | null
  readonly isPrior: boolean
  /** Null: the exam has none. It may be here and yet have nothing to show: then `missing` says why. */
  readonly image: ViewingImage | null
  /** Words for a pane in which nothing can be shown; null: `image` can. */
  readonly missing: string | null
  readonly orientation: Orientation
  /** The side of the pane at which the chest wall stands. */
  readonly chestWall: ChestWall
  readonly place: { readonly row: number; readonly column: number }
  /** The further images of the same view: repeats, slices, what is for processing. */
  readonly alternatives: readonly ViewingImage[]
}

export interface Arrangement {
  readonly layout: LayoutId
  readonly rows: number
  readonly columns: number
  readonly panes: readonly HungPane[]
  /** Pictures of the exam (not of the prior) that stand in no pane. */
  readonly strip: readonly ViewingImage[]
  readonly notes: readonly string[]
}

export interface ArrangeOptions {
  readonly prior?: readonly ViewingImage[]
  /** When the earlier exam was; without it: when its images were acquired. */
  readonly priorAt?: string | null
  /** The image that `single` shows. */
  readonly active?: number
  /** What a reader put into a pane instead, by the pane's key. */
  readonly placed?: ReadonlyMap<string, number>
}

interface Exam {
  readonly images: readonly ViewingImage[]
  readonly prior: readonly ViewingImage[]
  readonly options: ArrangeOptions
}

interface Content {
  readonly key: string
  readonly slot: Slot | null
  readonly isPrior: boolean
  readonly row: number
  readonly column: number
}

/** The layout that shows an exam at once. */
export function defaultLayout(images: readonly ViewingImage[]): LayoutId {
  const pictures = pictureList(images)
  const chosen = choose(images)
  const filled = SLOTS.filter((slot) => chosen[slot].length > 0)
  if (pictures.length <= 1) return 'single'
  if (filled.length === 0) return 'grid'
  if (filled.every((slot) => slot.endsWith('CC'))) return filled.length > 1 ? 'cc' : 'four'
  if (filled.every((slot) => slot.endsWith('MLO'))) return filled.length > 1 ? 'mlo' : 'four'
  return 'four'
}

/** The layouts that say something about this exam, in the order of menus. */
export function layoutsFor(images: readonly ViewingImage[], hasPrior: boolean): readonly LayoutId[] {
  const chosen = choose(images)
  const has = (slot: Slot): boolean => chosen[slot].length > 0
  const isHung = SLOTS.some(has)
  const count = pictureList(images).length
  const fits: Readonly<Record<LayoutId, boolean>> = {
    four: isHung,
    row: isHung,
    cc: has('R CC') || has('L CC'),
    mlo: has('R MLO') || has('L MLO'),
    right: has('R CC') || has('R MLO'),
    left: has('L CC') || has('L MLO'),
    displaced: images.some((image) => slotOf(image) !== null && isImplantDisplaced(image)),
    single: count > 0,
    grid: count > 1,
    'prior-four': hasPrior && isHung,
    'prior-cc': hasPrior && (has('R CC') || has('L CC')),
    'prior-mlo': hasPrior && (has('R MLO') || has('L MLO')),
    'prior-single': hasPrior && count > 0,
  }
  return LAYOUTS.filter((layout) => fits[layout])
}

/**
 * An exam that has nothing for the layout's places is shown by a grid (or alone) instead; so is a layout with a prior
 * when there is none.
 */
export function arrange(
  images: readonly ViewingImage[],
  layout: LayoutId,
  options: ArrangeOptions = {},
): Arrangement {
  const exam = { images, prior: options.prior ?? [], options }
  const shown = layoutFor(exam, layout)
  const made = PLANS[shown] === null ? freePanes(exam, shown) : plannedPanes(exam, shown)
  const inPanes = new Set(made.panes.map((pane) => pane.image?.id))
  const strip = pictureList(images).filter((image) => !inPanes.has(image.id))
  return { layout: shown, ...made, strip, notes: notesOf(made.panes, images) }
}

/** The layout itself, or the one that serves where it would be without meaning. */
function layoutFor({ images, prior }: Exam, layout: LayoutId): LayoutId {
  const asked = showsPrior(layout) && prior.length === 0 ? withoutPrior(layout) : layout
  const isFree = PLANS[asked] === null
  if (asked !== 'grid' && (isFree || images.some((image) => slotOf(image) !== null))) return asked
  return pictureList(images).length > 1 ? 'grid' : 'single'
}

function withoutPrior(layout: LayoutId): LayoutId {
  switch (layout) {
    case 'prior-four':
      return 'four'
    case 'prior-cc':
      return 'cc'
    case 'prior-mlo':
      return 'mlo'
    default:
      return 'single'
  }
}

/** Pictures in the order of strips and grids: the four places first, then as they were acquired. */
export function pictureList(images: readonly ViewingImage[]): ViewingImage[] {
  const chosen = choose(images)
  const hung = SLOTS.flatMap((slot) => chosen[slot].slice(0, 1))
  const first = new Set(hung.map((image) => image.id))
  const others = images.filter((image) => isPicture(image) && !first.has(image.id))
  return [...hung, ...others.toSorted(compareForStrip)]
}

function compareForStrip(one: ViewingImage, other: ViewingImage): number {
  const place = (image: ViewingImage): number => {
    const slot = slotOf(image)
    if (slot !== null) return SLOTS.indexOf(slot)
    if (isMammogram(image)) return SLOTS.length
    return image.qualityControlImage === true ? SLOTS.length + 2 : SLOTS.length + 1
  }
  const isSlotted = slotOf(one) !== null
  if (place(one) !== place(other)) return place(one) - place(other)
  if (isSlotted) return compareForPlace(one, other)
  const at = (image: ViewingImage): number => Date.parse(image.acquiredAt ?? image.createdAt)
  return (
    (at(one) || 0) - (at(other) || 0) ||
    (one.instanceNumber ?? 0) - (other.instanceNumber ?? 0) ||
    one.id - other.id
  )
}

type Panes = Pick<Arrangement, 'rows' | 'columns' | 'panes'>

function plannedPanes(exam: Exam, layout: LayoutId): Panes {
  const plan = PLANS[layout] ?? { rows: 1, columns: 1, seats: [] }
  const chosen = layout === 'displaced' ? chooseDisplaced(exam.images) : choose(exam.images)
  const prior = choose(exam.prior)
  const panes = plan.seats.map((seat) => seated(exam, seat, seat.isPrior ? prior : chosen))
  return { rows: plan.rows, columns: plan.columns, panes }
}

function seated(exam: Exam, seat: Seat, chosen: Chosen): HungPane {
  const key = seat.isPrior ? `prior ${seat.slot}` : seat.slot
  const [first, ...rest] = chosen[seat.slot]
  const image = placedIn(exam, key) ?? first ?? null
  const alternatives = image === first ? rest : chosen[seat.slot].filter((one) => one !== image)
  return paneOf(exam, { key, ...seat }, image, alternatives)
}

function placedIn({ images, prior, options }: Exam, key: string): ViewingImage | undefined {
  const id = options.placed?.get(key)
  return id === undefined
    ? undefined
    : [...images, ...prior].find((image) => image.id === id && isPicture(image))
}

function paneOf(
  { options }: Exam,
  content: Content,
  image: ViewingImage | null,
  alternatives: readonly ViewingImage[],
): HungPane {
  const { key, slot, isPrior, row, column } = content
  const prior = isPrior ? { at: options.priorAt ?? image?.acquiredAt ?? null } : null
  const place = { row, column }
  const base = { key, slot, isPrior, place, alternatives }
  if (image !== null) {
    const orientation = orientationOf(image)
    const chestWall = chestWallOf(image, orientation)
    return {
      ...base,
      label: paneLabel(image, prior),
      image,
      missing: standingWords(image),
      orientation,
      chestWall,
    }
  }
  const chestWall = slot === null ? null : slot.startsWith('R') ? 'right' : 'left'
  const missing = slot === null ? 'No image.' : missingWords(slot, isPrior)
  const label = slot === null ? 'No image' : slotLabel(slot, prior)
  return { ...base, label, image: null, missing, orientation: UPRIGHT, chestWall }
}

function freePanes(exam: Exam, layout: LayoutId): Panes {
  if (layout === 'grid') return gridPanes(exam)
  const image = placedIn(exam, 'single') ?? activeOf(exam)
  const slot = image === null ? null : slotOf(image)
  const others = slot === null ? [] : choose(exam.images)[slot].filter((one) => one !== image)
  const single = paneOf(exam, { key: 'single', slot, isPrior: false, row: 0, column: 0 }, image, others)
  if (layout === 'single') return { rows: 1, columns: 1, panes: [single] }
  return { rows: 1, columns: 2, panes: [single, priorPane(exam, slot, image)] }
}

/**
 * The earlier image of the same view, best of all with the same modifiers; of a view that has no place of its own, the
 * one of the same side and name.
 */
function priorPane(exam: Exam, slot: Slot | null, image: ViewingImage | null): HungPane {
  const isLike = (one: ViewingImage): boolean =>
    image !== null && one.laterality === image.laterality && one.viewPosition === image.viewPosition
  const unlike = (one: ViewingImage): number =>
    image === null ? 0 : differences(image.viewModifiers, one.viewModifiers)
  const list = slot === null ? pictureList(exam.prior).filter(isLike) : choose(exam.prior)[slot]
  const [first, ...rest] = list.toSorted((one, other) => unlike(one) - unlike(other))
  const earlier = placedIn(exam, 'prior') ?? first ?? null
  const pane = paneOf(exam, { key: 'prior', slot, isPrior: true, row: 0, column: 1 }, earlier, rest)
  if (pane.image !== null || slot !== null) return pane
  return { ...pane, missing: 'No such view in the prior exam.' }
}

/** How many modifiers one of the two views has and the other has not. */
function differences(one: readonly string[], other: readonly string[]): number {
  const outside = (from: readonly string[], of: readonly string[]): number =>
    from.filter((modifier) => !of.includes(modifier)).length
  return outside(one, other) + outside(other, one)
}

/** The image asked for, of whichever exam; else the first that can be shown. */
function activeOf({ images, prior, options }: Exam): ViewingImage | null {
  const asked = [...images, ...prior].find((image) => image.id === options.active)
  if (asked !== undefined && isPicture(asked)) return asked
  const pictures = pictureList(images)
  return pictures.find((image) => image.status === 'ready') ?? pictures[0] ?? null
}

function gridPanes(exam: Exam): Panes {
  const pictures = pictureList(exam.images)
  const { rows, columns } = gridOf(pictures.length)
  const shown = pictures.slice(0, rows * columns)
  const panes = shown.map((image, index) => {
    const key = `grid ${index + 1}`
    const content = {
      key,
      slot: slotOf(image),
      isPrior: false,
      row: Math.floor(index / columns),
      column: index % columns,
    }
    return paneOf(exam, content, placedIn(exam, key) ?? image, [])
  })
  return { rows, columns, panes }
}
