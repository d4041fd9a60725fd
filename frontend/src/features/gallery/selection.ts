import { create } from 'zustand'
import { onImages } from '@/shared/api/imageEvents'
import type { ImageSummary } from '@/shared/api/types'

/**
 * What is ticked in the gallery, as in photo applications: a tick each, Shift for a range. What was ticked stays so
 * when the wall drops its rows, and so does what was known of it.
 */
interface SelectionState {
  ids: ReadonlySet<number>
  /** The last tick, where a range begins. */
  anchor: number | null
}

export const useSelection = create<SelectionState>(() => ({ ids: new Set(), anchor: null }))

/** Of ticked images, as they were when they were last held. */
const known = new Map<number, ImageSummary>()

/** `order` are all ids that are held. With Shift all between the last tick and this one are ticked. */
export function tick(
  selection: SelectionState,
  order: readonly number[],
  id: number,
  isRange: boolean,
): SelectionState {
  const ids = new Set(selection.ids)
  const from = selection.anchor === null ? -1 : order.indexOf(selection.anchor)
  const to = order.indexOf(id)
  if (isRange && from !== -1 && to !== -1) {
    for (const between of order.slice(Math.min(from, to), Math.max(from, to) + 1)) ids.add(between)
  } else if (!ids.delete(id)) {
    ids.add(id)
  }
  return { ids, anchor: id }
}

export function tickImage(rows: readonly ImageSummary[], id: number, isRange: boolean): void {
  const order = rows.map((row) => row.id)
  useSelection.setState((state) => tick(state, order, id, isRange))
}

/** Everything that is held, as well as what was ticked before. */
export function tickAll(rows: readonly ImageSummary[]): void {
  if (rows.length === 0) return
  useSelection.setState((state) => ({ ...state, ids: new Set([...state.ids, ...rows.map((row) => row.id)]) }))
}

export function clearSelection(): void {
  useSelection.setState({ ids: new Set(), anchor: null })
}

/** What is known of the images that are held or ticked. */
export function knownImages(
  rows: readonly ImageSummary[],
  ids: ReadonlySet<number>,
): Map<number, ImageSummary> {
  for (const row of rows) if (ids.has(row.id)) known.set(row.id, row)
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id)
  return new Map([...known, ...rows.map((row) => [row.id, row] as const)])
}

onImages((event) => {
  if (event.kind === 'forget') {
    clearSelection()
    known.clear()
  }
  if (event.kind !== 'deleted') return
  const gone = new Set(event.imageIds)
  useSelection.setState((state) => ({ ...state, ids: new Set([...state.ids].filter((id) => !gone.has(id))) }))
})
