import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Download, FileCode, ImageDown, Trash2 } from 'lucide-react'
import { announceImages } from '@/shared/api/imageEvents'
import { deleteImage } from '@/shared/api/images'
import { meQuery, queryClient } from '@/shared/api/queries'
import type { ImageDetail } from '@/shared/api/types'
import { isDoseReport } from '@/shared/format/image'
import { Button, buttonClass } from '@/shared/ui/Button'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { toast } from '@/shared/ui/Toasts'
import styles from './FactsPanel.module.css'
import { HeaderDialog } from './HeaderDialog'
import { type Picture, pictureAddress } from './picture'
import { SixteenBitButton } from './SixteenBitButton'

interface ActionsProps {
  image: ImageDetail
  picture: Picture
  onDeleted: () => void
}

/** What can be done with the image; the pictures are those that are being shown. */
export function Actions({ image, picture, onDeleted }: ActionsProps) {
  const [isHeaderOpen, setHeaderOpen] = useState(false)
  const png = pictureAddress(image, picture)
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

function DeleteButton({ image, onDeleted }: Omit<ActionsProps, 'picture'>) {
  const [isAsking, setAsking] = useState(false)
  const { data: me } = useQuery(meQuery)
  const mayDelete =
    me !== null &&
    me !== undefined &&
    (me.capabilities.administer || (me.capabilities.upload && me.user.id === image.userId))
  if (!mayDelete) return null
  return (
    <>
      <Button kind="danger" icon={<Trash2 />} onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Delete this image?"
        confirmLabel="Delete"
        onConfirm={async () => {
          await deleteImage(image.id)
          announceImages({ kind: 'deleted', imageIds: [image.id] })
          toast(`${image.originalName} is deleted.`)
          onDeleted()
          queryClient.removeQueries({ queryKey: ['neighbours'] })
        }}
      >
        <strong>{image.originalName}</strong> and all that was made of it are deleted, the original too. This
        cannot be undone.
      </ConfirmDialog>
    </>
  )
}
