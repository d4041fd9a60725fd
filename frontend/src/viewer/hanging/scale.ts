/** Which images of an arrangement can share one physical scale. Pure. */
import type { Rect, ViewingImage } from '@/viewer/types'
import type { HungPane } from './arrange'
import { isMammogram } from './views'

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

/** The larger side of an image in millimetres, or in pixels. */
function extentOf(image: ViewingImage, unit: { row: number; column: number }): number | null {
  const whole = wholeOf(image)
  return whole === null ? null : Math.max(whole.height * unit.row, whole.width * unit.column)
}

/**
 * Which panes share one scale, by the panes' keys: `mm` wherever millimetres are known. An exam whose mammograms tell
 * none at all comes from one scanner: its files share a scale in pixels (`px`, `px prior`). Whatever else tells none,
 * or is out of all proportion, is fitted by itself and has no entry.
 */
export function scaleGroups(panes: readonly HungPane[]): ReadonlyMap<string, string> {
  const groups = new Map<string, string>()
  for (const isPrior of [false, true]) {
    const images = panes.filter((pane) => pane.isPrior === isPrior && pane.image !== null)
    const isScanned = images.every(({ image }) => image !== null && isScan(image))
    for (const { key, image } of images) {
      if (image !== null && millimetres(image) !== null) groups.set(key, 'mm')
      else if (isScanned) groups.set(key, isPrior ? 'px prior' : 'px')
    }
  }
  for (const group of new Set(groups.values())) dropOutliers(panes, groups, group)
  return groups
}

function isScan(image: ViewingImage): boolean {
  return image.fileType === 'dicom' && isMammogram(image) && millimetres(image) === null
}

function dropOutliers(panes: readonly HungPane[], groups: Map<string, string>, group: string): void {
  const extents = panes.flatMap(({ key, image }) => {
    if (image === null || groups.get(key) !== group) return []
    const extent = extentOf(image, millimetres(image) ?? { row: 1, column: 1 })
    return extent === null ? [] : [{ key, extent }]
  })
  const middle = extents.map(({ extent }) => extent).toSorted((one, other) => one - other)[
    Math.floor((extents.length - 1) / 2)
  ]
  for (const { key, extent } of extents) {
    const ratio = extent / (middle ?? extent)
    if (ratio > OUT_OF_PROPORTION || ratio < 1 / OUT_OF_PROPORTION) groups.delete(key)
  }
}
