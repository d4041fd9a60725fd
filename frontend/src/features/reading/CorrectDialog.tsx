import { useState } from 'react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { patchImage } from '@/shared/api/images'
import { SIDES, VIEWS } from '@/shared/format/terms'
import { Button } from '@/shared/ui/Button'
import { Dialog } from '@/shared/ui/Dialog'
import { SelectField } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import type { ViewingImage } from '@/viewer/types'

interface CorrectDialogProps {
  image: ViewingImage
  onDone: () => void
  onClose: () => void
}

/** Side and view as a person says; the file stays as it is, and the exam hangs anew. */
export function CorrectDialog({ image, onDone, onClose }: CorrectDialogProps) {
  const [laterality, setLaterality] = useState(image.laterality ?? '')
  const [viewPosition, setViewPosition] = useState(image.viewPosition ?? '')
  const [trouble, setTrouble] = useState<string | null>(null)
  async function save(): Promise<void> {
    const patch = {
      ...(laterality !== (image.laterality ?? '') ? { laterality: laterality || null } : {}),
      ...(viewPosition !== (image.viewPosition ?? '') ? { viewPosition: viewPosition || null } : {}),
    }
    if (Object.keys(patch).length === 0) {
      onClose()
      return
    }
    try {
      await patchImage(image.id, patch)
      announceImages({ kind: 'changed', imageIds: [image.id] })
      onDone()
    } catch (error) {
      setTrouble(messageOf(error))
    }
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Correct side or view"
      description="The file stays as it is. Everybody sees the correction, and that it is one."
    >
      <SelectField label="Side" value={laterality} onChange={(event) => setLaterality(event.target.value)}>
        <option value="">As the file says</option>
        {SIDES.map((side) => (
          <option key={side}>{side}</option>
        ))}
      </SelectField>
      <SelectField
        label="View"
        value={viewPosition}
        onChange={(event) => setViewPosition(event.target.value)}
      >
        <option value="">As the file says</option>
        {VIEWS.map((view) => (
          <option key={view}>{view}</option>
        ))}
      </SelectField>
      {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
      <Button kind="primary" onClick={() => void save()}>
        Save
      </Button>
    </Dialog>
  )
}
