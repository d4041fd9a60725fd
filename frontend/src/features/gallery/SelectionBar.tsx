import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Download, RotateCcw, Trash2, X } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { deleteImage } from '@/shared/api/images'
import { retryJob } from '@/shared/api/jobs'
import { meQuery } from '@/shared/api/queries'
import type { ImageSummary } from '@/shared/api/types'
import { formatCount, plural } from '@/shared/format/numbers'
import { useCommands } from '@/shared/keys/commands'
import { Button, IconButton } from '@/shared/ui/Button'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { toast } from '@/shared/ui/Toasts'
import styles from './GalleryPage.module.css'
import type { ImageList } from './imageList'
import { clearSelection, useSelection } from './selection'

/** A browser asks before it lets a page start many downloads; beyond this it is the wrong tool. */
const MOST_DOWNLOADS = 20

/** The actions appear with a selection, never on every tile. */
export function SelectionBar({ list }: { list: ImageList }) {
  const { ids } = useSelection()
  if (ids.size === 0) return null
  const images = [...ids].flatMap((id) => list.images.get(id) ?? [])
  return <Bar count={ids.size} ids={[...ids]} images={images} />
}

interface BarProps {
  count: number
  ids: number[]
  images: ImageSummary[]
}

function Bar({ count, ids, images }: BarProps) {
  const { data: me } = useQuery(meQuery)
  const [isAsking, setAsking] = useState(false)
  useCommands([
    { id: 'unselect', title: 'Clear the selection', group: 'Gallery', keys: ['Escape'], run: clearSelection },
  ])
  const troubled = images.filter((image) => image.status === 'failed')
  // Others' images only an administrator may delete.
  const mayDelete = me?.capabilities.administer || images.every((image) => image.userId === me?.user.id)
  return (
    <div className={styles.bar} role="toolbar" aria-label="Selected images">
      <strong aria-live="polite">{formatCount(count)} selected</strong>
      {troubled.length > 0 ? (
        <Button icon={<RotateCcw />} onClick={() => void retryAll(troubled)}>
          Retry {troubled.length}
        </Button>
      ) : null}
      <Button icon={<Download />} disabled={count > MOST_DOWNLOADS} onClick={() => downloadAll(images)}>
        Download
      </Button>
      {mayDelete ? (
        <Button kind="danger" icon={<Trash2 />} onClick={() => setAsking(true)}>
          Delete
        </Button>
      ) : null}
      <IconButton label="Clear the selection" keys="Escape" side="top" onClick={clearSelection}>
        <X />
      </IconButton>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Delete ${plural(count, 'image')}?`}
        confirmLabel={`Delete ${plural(count, 'image')}`}
        onConfirm={() => deleteAll(ids)}
      >
        {images.length > 0 ? <strong>{namesOf(images)}</strong> : null} The originals are deleted too. This
        cannot be undone.
      </ConfirmDialog>
    </div>
  )
}

function namesOf(images: readonly ImageSummary[]): string {
  const names = images.slice(0, 3).map((image) => image.originalName)
  const more = images.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${formatCount(more)} more.` : '.'}`
}

/** One after the other: the first refusal stops it and says why, and the rest stays. */
async function deleteAll(ids: readonly number[]): Promise<void> {
  const deleted: number[] = []
  try {
    for (const id of ids) {
      await deleteImage(id)
      deleted.push(id)
    }
  } finally {
    if (deleted.length > 0) {
      announceImages({ kind: 'deleted', imageIds: deleted })
      toast(`${plural(deleted.length, 'image')} deleted.`)
    }
  }
}

async function retryAll(images: readonly ImageSummary[]): Promise<void> {
  const ends = await Promise.allSettled(images.map((image) => retryJob(image.jobId)))
  announceImages({ kind: 'changed', imageIds: images.map((image) => image.id) })
  const failed = ends.find((end) => end.status === 'rejected')
  toast(failed ? messageOf(failed.reason) : `${plural(images.length, 'image')} queued again.`)
}

function downloadAll(images: readonly ImageSummary[]): void {
  for (const image of images) {
    const link = document.createElement('a')
    link.href = `${image.links.file.split('?')[0]}?download=true`
    link.download = image.originalName
    link.click()
  }
}
