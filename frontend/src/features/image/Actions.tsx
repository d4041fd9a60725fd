import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Download, FileCode, ImageDown, Trash2 } from 'lucide-react'
import { deleteWithUndo } from '@/shared/acts/deleteImages'
import { messageOf } from '@/shared/api/client'
import { meQuery, queryClient } from '@/shared/api/queries'
import type { ImageDetail } from '@/shared/api/types'
import { isDoseReport } from '@/shared/format/image'
import { Button, buttonClass } from '@/shared/ui/Button'
import { toast } from '@/shared/ui/Toasts'
import styles from './FactsPanel.module.css'
import { HeaderDialog } from './HeaderDialog'
import { ownPictureAddress, type Picture } from './picture'
import { SixteenBitButton } from './SixteenBitButton'

interface ActionsProps {
  image: ImageDetail
  picture: Picture
  onDeleted: () => void
}

/** What can be done with the image; the pictures are those that are being shown. */
export function Actions({ image, picture, onDeleted }: ActionsProps) {
  const [isHeaderOpen, setHeaderOpen] = useState(false)
  const png = ownPictureAddress(image, picture)
  return (
    <div className={styles.actions}>
      <a
        className={buttonClass()}
        href={`${image.links.file.split('?')[0]}?download=true`}
        download={image.originalName}
      >
        <Download aria-hidden="true" />
        Original
      </a>
      {png ? (
        <a className={buttonClass()} href={png} download={`${image.id}.png`}>
          <ImageDown aria-hidden="true" />
          PNG
        </a>
      ) : null}
      <SixteenBitButton image={image} picture={picture} />
      {image.fileType === 'dicom' && image.links.tags && !isDoseReport(image) ? (
        <Button icon={<FileCode />} onClick={() => setHeaderOpen(true)}>
          DICOM header
        </Button>
      ) : null}
      <DeleteButton image={image} onDeleted={onDeleted} />
      {isHeaderOpen ? <HeaderDialog image={image} onClose={() => setHeaderOpen(false)} /> : null}
    </div>
  )
}

/** At once, and undone for ten seconds: whoever undoes it comes back to the image. */
function DeleteButton({ image, onDeleted }: Omit<ActionsProps, 'picture'>) {
  const [isBusy, setBusy] = useState(false)
  const { data: me } = useQuery(meQuery)
  const navigate = useNavigate()
  const mayDelete =
    me !== null &&
    me !== undefined &&
    (me.capabilities.administer || (me.capabilities.upload && me.user.id === image.userId))
  async function remove(): Promise<void> {
    setBusy(true)
    try {
      const end = await deleteWithUndo([image.id], image.originalName, back)
      if (end.done.length === 0) return
      onDeleted()
      queryClient.removeQueries({ queryKey: ['neighbours'] })
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  function back(): void {
    queryClient.removeQueries({ queryKey: ['image', String(image.id)] })
    queryClient.removeQueries({ queryKey: ['neighbours'] })
    void navigate({ to: '/images/$imageId', params: { imageId: String(image.id) } })
  }
  if (!mayDelete) return null
  return (
    <Button kind="danger" icon={<Trash2 />} isBusy={isBusy} onClick={() => void remove()}>
      Delete
    </Button>
  )
}
