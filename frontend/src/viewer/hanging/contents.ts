/** Where the breasts of an exam are, from the thumbnails that its strip shows anyway. */
import type { Rect, ViewingImage } from '@/viewer/types'
import { breastBox, type SmallPicture } from './breast'
import { isMammogram } from './views'

/**
 * By image id, in image pixels. An image is left out where its thumbnail does not come or shows no breast by itself:
 * then all of it is seen. `load` is told apart for tests.
 */
export async function breastBoxes(
  images: readonly ViewingImage[],
  signal?: AbortSignal,
  load: (address: string, signal?: AbortSignal) => Promise<SmallPicture | null> = smallPicture,
): Promise<ReadonlyMap<number, Rect>> {
  const found = await Promise.all(
    images.map(async (image): Promise<[number, Rect] | null> => {
      const address = image.links.thumbnail256
      if (address === null || image.status !== 'ready' || !isMammogram(image)) return null
      const picture = await load(address, signal)
      const box = picture === null ? null : breastBox(picture, image)
      return box === null ? null : [image.id, box]
    }),
  )
  return new Map(found.flatMap((one) => (one === null ? [] : [one])))
}

/** The greys of a thumbnail; null where it does not come: nothing is lost but a little size. */
async function smallPicture(address: string, signal?: AbortSignal): Promise<SmallPicture | null> {
  try {
    const answer = await fetch(address, { signal })
    if (!answer.ok) return null
    const bitmap = await createImageBitmap(await answer.blob())
    const { width, height } = bitmap
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (context === null) return null
    context.drawImage(bitmap, 0, 0)
    bitmap.close()
    const { data } = context.getImageData(0, 0, width, height)
    return {
      width,
      height,
      greys: Uint8Array.from({ length: width * height }, (_, index) => data[index * 4] ?? 0),
    }
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return null
    throw error
  }
}
