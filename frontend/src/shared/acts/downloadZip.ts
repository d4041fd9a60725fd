import { createExport, type ExportWish } from '@/shared/api/exports'
import { formatMegabytes, plural } from '@/shared/format/numbers'
import { toast } from '@/shared/ui/Toasts'

/** Orders the ZIP and hands it to the browser's own downloads. Throws what the server said. */
export async function downloadZip(wish: ExportWish): Promise<void> {
  const made = await createExport(wish)
  const link = document.createElement('a')
  link.href = made.url
  // The server names the file; without this the page itself would go there if an error came instead.
  link.download = ''
  link.click()
  toast(
    `The ZIP of ${plural(made.imageCount, 'image')}, ${formatMegabytes(made.byteCount)}, is being downloaded.`,
  )
}
