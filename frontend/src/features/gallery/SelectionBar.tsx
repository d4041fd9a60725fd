import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Download, RotateCcw, Trash2 } from 'lucide-react'
import { deleteWithUndo } from '@/shared/acts/deleteImages'
import { downloadZip } from '@/shared/acts/downloadZip'
import { messageOf } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import type { ImageSummary } from '@/shared/api/types'
import { formatCount, formatMegabytes } from '@/shared/format/numbers'
import { useCommands } from '@/shared/keys/commands'
import { ActsBar } from '@/shared/ui/ActsBar'
import { Button } from '@/shared/ui/Button'
import { useLater } from '@/shared/ui/later'
import { toast } from '@/shared/ui/Toasts'
import { readAll, remake, retryImages } from './acts'
import { clearSelection, useSelection } from './selection'

const loadMore = () => import('./MoreActs')
const loadCorrecting = () => import('./actsCorrectDialog')

interface SelectionBarProps {
  /** What the list holds just now; an image that was ticked far away may have been let go since. */
  list: { images: ReadonlyMap<number, ImageSummary> }
}

/** The actions appear with a selection, never on every tile. */
export function SelectionBar({ list }: SelectionBarProps) {
  const { ids } = useSelection()
  if (ids.size === 0) return null
  return <Bar ids={[...ids]} held={list.images} />
}

interface BarProps {
  ids: readonly number[]
  held: ReadonlyMap<number, ImageSummary>
}

type Act = 'download' | 'delete' | 'retry' | 'remake' | 'correct'

function Bar({ ids, held }: BarProps) {
  const { data: me } = useQuery(meQuery)
  const [busyWith, setBusyWith] = useState<Act | null>(null)
  const [correcting, setCorrecting] = useState<readonly ImageSummary[] | null>(null)
  const more = useLater(loadMore, me?.capabilities.correct ?? false)
  const dialog = useLater(loadCorrecting, correcting !== null)
  const images = ids.flatMap((id) => held.get(id) ?? [])
  const troubled = images.filter((image) => image.status === 'failed')
  const mayCorrect = me?.capabilities.correct ?? false
  // Others' images only an administrator may delete; of a mixed selection the server says which it kept.
  const mayDelete =
    me?.capabilities.administer ||
    (me?.capabilities.upload && images.some((image) => image.userId === me.user.id))

  async function act(name: Act, work: () => Promise<unknown>): Promise<void> {
    setBusyWith(name)
    try {
      await work()
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusyWith(null)
    }
  }
  const remove = () => void act('delete', () => deleteWithUndo(ids, images[0]?.originalName))
  const isBusy = busyWith !== null
  useBarKeys(mayDelete && !isBusy ? remove : null)

  return (
    <>
      <ActsBar
        label="Selected images"
        selected={<Selected ids={ids} images={images} />}
        onClear={clearSelection}
      >
        {mayCorrect && troubled.length > 0 ? (
          <Button
            icon={<RotateCcw />}
            disabled={isBusy}
            onClick={() => void act('retry', () => retryImages(troubled))}
          >
            Retry {formatCount(troubled.length)} failed
          </Button>
        ) : null}
        <Button
          icon={<Download />}
          disabled={isBusy}
          onClick={() => void act('download', () => downloadZip({ imageIds: ids }))}
        >
          {busyWith === 'download' ? 'Preparing the ZIP…' : 'Download as ZIP'}
        </Button>
        {mayDelete ? (
          <Button kind="danger" icon={<Trash2 />} disabled={isBusy} onClick={remove}>
            Delete
          </Button>
        ) : null}
        {mayCorrect && more ? (
          <more.MoreActs
            isBusy={isBusy}
            onRemake={() => void act('remake', () => remake(ids))}
            onCorrect={() => void act('correct', async () => setCorrecting(await readAll(ids, held)))}
          />
        ) : null}
      </ActsBar>
      {correcting && dialog ? (
        <dialog.CorrectDialog images={correcting} onClose={() => setCorrecting(null)} />
      ) : null}
    </>
  )
}

function useBarKeys(remove: (() => void) | null): void {
  useCommands([
    { id: 'unselect', title: 'Clear the selection', group: 'Gallery', keys: ['Escape'], run: clearSelection },
    ...(remove
      ? [{ id: 'delete', title: 'Delete the selection', group: 'Gallery', keys: ['Delete'], run: remove }]
      : []),
  ])
}

/** How many, and how large their originals are while all of them are known. */
function Selected({ ids, images }: { ids: readonly number[]; images: readonly ImageSummary[] }) {
  const byteCount = images.reduce((sum, image) => sum + image.byteCount, 0)
  return (
    <>
      <strong>{formatCount(ids.length)} selected</strong>
      {images.length === ids.length ? <span className="unit">{formatMegabytes(byteCount)}</span> : null}
    </>
  )
}
