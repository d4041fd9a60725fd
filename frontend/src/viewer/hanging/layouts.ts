/** Layouts as data: which place stands where. */
import type { Rect, Size } from '@/viewer/types'
import { SLOTS, type Slot } from './views'

export type LayoutId =
  | 'four'
  | 'row'
  | 'cc'
  | 'mlo'
  | 'right'
  | 'left'
  | 'displaced'
  | 'single'
  | 'grid'
  | 'prior-four'
  | 'prior-cc'
  | 'prior-mlo'
  | 'prior-single'

/** One place of a layout: of the exam itself or of the earlier one. */
export interface Seat {
  readonly slot: Slot
  readonly isPrior: boolean
  readonly row: number
  readonly column: number
}

export interface LayoutPlan {
  readonly rows: number
  readonly columns: number
  readonly seats: readonly Seat[]
}

function plan(rows: readonly (readonly Slot[])[], priorFrom = rows.length): LayoutPlan {
  const seats = rows.flatMap((slots, row) =>
    slots.map((slot, column) => ({ slot, isPrior: row >= priorFrom, row, column })),
  )
  return { rows: rows.length, columns: Math.max(...rows.map((slots) => slots.length)), seats }
}

const CC: readonly Slot[] = ['R CC', 'L CC']
const MLO: readonly Slot[] = ['R MLO', 'L MLO']

/** Null: made for the images at hand (`single`, `grid`, `prior-single`). */
export const PLANS: Readonly<Record<LayoutId, LayoutPlan | null>> = {
  four: plan([CC, MLO]),
  row: plan([SLOTS]),
  cc: plan([CC]),
  mlo: plan([MLO]),
  right: plan([['R CC', 'R MLO']]),
  left: plan([['L CC', 'L MLO']]),
  displaced: plan([CC, MLO]),
  'prior-four': plan([SLOTS, SLOTS], 1),
  'prior-cc': plan([CC, CC], 1),
  'prior-mlo': plan([MLO, MLO], 1),
  single: null,
  grid: null,
  'prior-single': null,
}

export const LAYOUTS = Object.keys(PLANS) as readonly LayoutId[]

export function showsPrior(layout: LayoutId): boolean {
  return layout.startsWith('prior-')
}

/** As square as may be for so many pictures; at most twelve stand at once. */
export function gridOf(count: number): { rows: number; columns: number } {
  const shown = Math.min(Math.max(count, 1), 12)
  const columns = Math.ceil(Math.sqrt(shown))
  return { rows: Math.ceil(shown / columns), columns }
}

/**
 * Where the panes of an arrangement stand on the stage, edge to edge: chest walls meet. Edges are whole device pixels,
 * so that at 1:1 each of them is one image pixel; panes may differ by one of them.
 */
export function paneRects(
  arrangement: {
    readonly rows: number
    readonly columns: number
    readonly panes: readonly { readonly place: { readonly row: number; readonly column: number } }[]
  },
  stage: Size,
  pixelRatio: number,
): readonly Rect[] {
  const edge = (whole: number, index: number, count: number): number =>
    Math.round((whole * index * pixelRatio) / count) / pixelRatio
  return arrangement.panes.map(({ place: { row, column } }) => {
    const left = edge(stage.width, column, arrangement.columns)
    const top = edge(stage.height, row, arrangement.rows)
    const width = edge(stage.width, column + 1, arrangement.columns) - left
    const height = edge(stage.height, row + 1, arrangement.rows) - top
    return { left, top, width, height }
  })
}
