import { createExport, type ExportTicket, type ExportWish } from '@/shared/api/exports'
import { formatCount, formatMegabytes, plural } from '@/shared/format/numbers'
import { toast } from '@/shared/ui/Toasts'

/** Orders the ZIP and hands it to the browser's own downloads. Throws what the server said. */
export async function downloadZip(wish: ExportWish): Promise<void> {
  const made = await createExport(wish)
  const link = document.createElement('a')
  link.href = made.url
  // The server names the file; without this the page itself would go there if an error came instead.
  link.download = ''
  link.click()
  toast(`The ZIP of ${countOf(made, wish)}, ${formatMegabytes(made.byteCount)}, is being downloaded.`)
}

/** Images that were deleted meanwhile, or that one may not see, are left out; that is told. */
function countOf({ imageCount }: ExportTicket, wish: ExportWish): string {
  const wanted = 'imageIds' in wish ? wish.imageIds.length : imageCount
  return wanted > imageCount
    ? `${formatCount(imageCount)} of ${plural(wanted, 'image')}`
    : plural(imageCount, 'image')
}
