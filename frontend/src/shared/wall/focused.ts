/** The row whose tile has the focus. */
export function focusedId(): number | null {
  const tile = document.activeElement?.closest<HTMLElement>('[data-id]')
  return tile ? Number(tile.dataset.id) : null
}
