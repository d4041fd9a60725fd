import { type FormEvent, useState } from 'react'
import { refusalsInWords } from '@/shared/acts/refusals'
import { correctImages, type SideAndView } from '@/shared/api/bulk'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import type { ImageSummary } from '@/shared/api/types'
import { sideInWords } from '@/shared/format/image'
import { plural } from '@/shared/format/numbers'
import { SIDES, VIEWS } from '@/shared/format/terms'
import { Button } from '@/shared/ui/Button'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { SelectField } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Facts } from '@/shared/ui/Panel'
import { offerUndo, toast } from '@/shared/ui/Toasts'
import styles from './acts.module.css'
import {
  AS_THE_FILE_SAYS,
  changeOf,
  standingsInWords,
  standingsOf,
  turnBack,
  turnsBack,
  UNTOUCHED,
  type WantedTerms,
} from './actsCorrection'

interface CorrectDialogProps {
  /** All that are selected, as they are now: undoing gives them back what they say. */
  images: readonly ImageSummary[]
  onClose: () => void
}

/** Side and view of many images at once, for those who know better than the files. */
export function CorrectDialog({ images, onClose }: CorrectDialogProps) {
  const [wanted, setWanted] = useState<WantedTerms>({ laterality: UNTOUCHED, viewPosition: UNTOUCHED })
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const change = changeOf(wanted)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (change === null) return
    setBusy(true)
    setTrouble(null)
    try {
      await correct(images, change)
      onClose()
    } catch (error) {
      setTrouble(messageOf(error))
      setBusy(false)
    }
  }

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Correct side and view of ${plural(images.length, 'image')}`}
      description="The files themselves stay as they are. Who corrected what is recorded."
    >
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
        <section>
          <h3>They say now</h3>
          <Facts
            facts={[
              ['Side', standingsInWords(standingsOf(images, 'laterality'))],
              ['View', standingsInWords(standingsOf(images, 'viewPosition'))],
            ]}
          />
        </section>
        <TermSelect
          label="Side"
          terms={SIDES.map((side) => [side, `${side}, ${sideInWords(side)}`])}
          value={wanted.laterality}
          onChange={(laterality) => setWanted({ ...wanted, laterality })}
        />
        <TermSelect
          label="View"
          terms={VIEWS.map((view) => [view, view])}
          value={wanted.viewPosition}
          onChange={(viewPosition) => setWanted({ ...wanted, viewPosition })}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy} disabled={change === null}>
            Correct
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

interface TermSelectProps {
  label: string
  terms: readonly (readonly [string, string])[]
  value: string
  onChange: (value: string) => void
}

function TermSelect({ label, terms, value, onChange }: TermSelectProps) {
  return (
    <SelectField label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value={UNTOUCHED}>Leave as it is</option>
      {terms.map(([term, words]) => (
        <option key={term} value={term}>
          {words}
        </option>
      ))}
      <option value={AS_THE_FILE_SAYS}>As the file says (unknown, where it says nothing)</option>
    </SelectField>
  )
}

async function correct(images: readonly ImageSummary[], change: SideAndView): Promise<void> {
  const end = await correctImages(
    images.map((image) => image.id),
    change,
  )
  const trouble = refusalsInWords(end, 'image', 'corrected')
  if (trouble) toast(trouble)
  if (end.done.length === 0) return
  announceImages({ kind: 'changed', imageIds: end.done })
  const done = new Set(end.done)
  const turns = turnsBack(
    images.filter((image) => done.has(image.id)),
    change,
  )
  offerUndo(`${plural(end.done.length, 'image')} corrected.`, async () => {
    const undone = await turnBack(turns)
    announceImages({ kind: 'changed', imageIds: undone.done })
    return refusalsInWords(undone, 'image', 'set back') ?? 'As it was before.'
  })
}
