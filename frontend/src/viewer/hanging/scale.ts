/** Which images of an arrangement can share one physical scale. Pure. */
import type { Rect, ViewingImage } from '@/viewer/types'
import type { HungPane } from './arrange'

/** Beyond this ratio to the middle one a size in millimetres is a mistake of the file, not another breast. */
const OUT_OF_PROPORTION = 8

/** Millimetres per image pixel along a row and down a column; null where only pixels are known. */
export function millimetres(image: ViewingImage): { row: number; column: number } | null {
  const { rowMm, columnMm } = image.spacing
  return rowMm !== null && columnMm !== null && rowMm > 0 && columnMm > 0
    ? { row: rowMm, column: columnMm }
    : null
}

/** Height of a pixel over its width. */
export function aspectOf(image: ViewingImage): number {
  const mm = millimetres(image)
  return mm === null ? 1 : mm.row / mm.column
}

/** The whole image, in image pixels; null while its size is unknown. */
export function wholeOf(image: ViewingImage): Rect | null {
  if (image.rows === null || image.columns === null || image.rows < 1 || image.columns < 1) return null
  return { left: 0, top: 0, width: image.columns, height: image.rows }
}

function heightMm(image: ViewingImage): number | null {
  const mm = millimetres(image)
  const whole = wholeOf(image)
  return mm === null || whole === null ? null : Math.max(whole.height * mm.row, whole.width * mm.column)
}

/** The keys of the panes whose images are fitted by themselves: without millimetres, or out of all proportion. */
export function ownScale(panes: readonly HungPane[]): ReadonlySet<string> {
  const sizes = panes.flatMap((pane) => {
    const size = pane.image === null ? null : heightMm(pane.image)
    return size === null ? [] : [size]
  })
  const middle = sizes.toSorted((one, other) => one - other)[Math.floor((sizes.length - 1) / 2)] ?? 0
  const own = new Set<string>()
  for (const pane of panes) {
    if (pane.image === null) continue
    const size = heightMm(pane.image)
    if (size === null || size > middle * OUT_OF_PROPORTION || size < middle / OUT_OF_PROPORTION)
      own.add(pane.key)
  }
  return own
}
