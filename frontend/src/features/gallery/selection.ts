import { create } from 'zustand'
import { onImages } from '@/shared/api/imageEvents'

/** What is ticked in the gallery, as in photo applications: a tick each, Shift for a range. */
interface SelectionState {
  ids: ReadonlySet<number>
  anchor: number | null
}

export const useSelection = create<SelectionState>(() => ({ ids: new Set(), anchor: null }))

/** `order` are all ids as shown. With Shift all between the last tick and this one are ticked. */
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

export function clearSelection(): void {
  useSelection.setState({ ids: new Set(), anchor: null })
}

onImages((event) => {
  if (event.kind === 'forget') clearSelection()
  if (event.kind !== 'deleted') return
  useSelection.setState((state) => ({
    ...state,
    ids: new Set([...state.ids].filter((id) => !event.imageIds.includes(id))),
  }))
})
