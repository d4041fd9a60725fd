import { useState } from 'react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { patchImage } from '@/shared/api/images'
import { queryClient } from '@/shared/api/queries'
import type { ImageDetail, ImagePatch } from '@/shared/api/types'

export interface Patching {
  isBusy: boolean
  trouble: string | null
  /** False when the server refused; `trouble` then says why. */
  patch: (change: ImagePatch) => Promise<boolean>
}

/** Changes what people may say about an image, and tells the other pages. */
export function usePatchImage(image: Pick<ImageDetail, 'id'>): Patching {
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  async function patch(change: ImagePatch): Promise<boolean> {
    setBusy(true)
    setTrouble(null)
    try {
      await savePatch(image.id, change)
      return true
    } catch (error) {
      setTrouble(messageOf(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, trouble, patch }
}

/** Also for an undo that outlives the form. Throws what the server said. */
export async function savePatch(imageId: number, change: ImagePatch): Promise<void> {
  const changed = await patchImage(imageId, change)
  await queryClient.cancelQueries({ queryKey: ['image', String(imageId)] })
  queryClient.setQueryData(['image', String(imageId)], changed)
  announceImages({ kind: 'changed', imageIds: [imageId] })
}
