import { refusalsInWords } from '@/shared/acts/refusals'
import { type BulkEnd, remakeImages } from '@/shared/api/bulk'
import { ApiProblem, messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { fetchImage } from '@/shared/api/images'
import { retryJob } from '@/shared/api/jobs'
import type { ImageSummary } from '@/shared/api/types'
import { plural } from '@/shared/format/numbers'
import { toast } from '@/shared/ui/Toasts'

/** A browser holds few connections to one server; more at once would only wait, and hold up the page's own. */
const AT_ONCE = 4

async function eachOf<T, R>(things: readonly T[], work: (thing: T) => Promise<R>): Promise<R[]> {
  const ends: R[] = []
  for (let at = 0; at < things.length; at += AT_ONCE) {
    ends.push(...(await Promise.all(things.slice(at, at + AT_ONCE).map(work))))
  }
  return ends
}

/** Each by itself; the refusals are told together. */
export async function retryImages(images: readonly ImageSummary[]): Promise<void> {
  const end: BulkEnd = { done: [], refused: [] }
  await eachOf(images, async ({ id, jobId }) => {
    try {
      await retryJob(jobId)
      end.done.push(id)
    } catch (error) {
      end.refused.push({ id, code: 'refused', detail: messageOf(error) })
    }
  })
  tell(end, 'retried', 'queued again.')
}

export async function remake(imageIds: readonly number[]): Promise<void> {
  tell(
    await remakeImages(imageIds),
    'made again',
    'queued: their pictures are made again from the originals.',
  )
}

function tell(end: BulkEnd, participle: string, done: string): void {
  const trouble = refusalsInWords(end, 'image', participle)
  if (trouble) toast(trouble)
  if (end.done.length === 0) return
  announceImages({ kind: 'changed', imageIds: end.done })
  toast(`${plural(end.done.length, 'image')} ${done}`)
}

/** All of them, also those that the list has let go since they were ticked. What is gone is left out. */
export async function readAll(
  imageIds: readonly number[],
  held: ReadonlyMap<number, ImageSummary>,
): Promise<ImageSummary[]> {
  const read = await eachOf(imageIds, async (id) => held.get(id) ?? (await fetchOrNull(id)))
  return read.filter((image) => image !== null)
}

/** Only what is gone may be left out: of trouble with the line the person has to hear. */
async function fetchOrNull(id: number): Promise<ImageSummary | null> {
  try {
    return await fetchImage(id)
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return null
    throw error
  }
}
