import { refusalsInWords } from '@/shared/acts/refusals'
import { type BulkEnd, deleteImages, restoreImages } from '@/shared/api/bulk'
import { announceImages } from '@/shared/api/imageEvents'
import { plural } from '@/shared/format/numbers'
import { offerUndo, toast } from '@/shared/ui/Toasts'

/**
 * Deletes at once and offers to undo it for ten seconds, on whichever page one is by then; nothing is asked before.
 * `name` is said of a single image. Throws when the server refused the whole.
 */
export async function deleteWithUndo(
  imageIds: readonly number[],
  name?: string,
  onRestored?: () => void,
): Promise<BulkEnd> {
  const end = await deleteImages(imageIds)
  const trouble = refusalsInWords(end, 'image', 'deleted')
  if (trouble) toast(trouble)
  if (end.done.length > 0) {
    announceImages({ kind: 'deleted', imageIds: end.done })
    const isOne = end.done.length === 1 && name !== undefined
    offerUndo(`${isOne ? name : plural(end.done.length, 'image')} deleted.`, () =>
      restore(end.done, onRestored),
    )
  }
  return end
}

async function restore(imageIds: readonly number[], onRestored?: () => void): Promise<string | null> {
  const end = await restoreImages(imageIds)
  const trouble = refusalsInWords(end, 'image', 'brought back')
  if (trouble) toast(trouble)
  if (end.done.length === 0) return null
  announceImages({ kind: 'restored', imageIds: end.done })
  onRestored?.()
  return end.done.length === 1 ? 'The image is back.' : `${plural(end.done.length, 'image')} are back.`
}
