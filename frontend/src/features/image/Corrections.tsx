import { useEffect, useRef, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Pencil, Undo2 } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import type { ImageDetail, ImagePatch } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { SelectField } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Facts } from '@/shared/ui/Panel'
import { toast } from '@/shared/ui/Toasts'
import {
  type CorrectedField,
  fileInWords,
  isCorrected,
  patchOf,
  SIDES,
  termInWords,
  undoOf,
  VIEWS,
  wantedOf,
  whereFrom,
} from './correction'
import styles from './FactsPanel.module.css'
import { type Patching, savePatch, usePatchImage } from './usePatchImage'

/** Side and view, where they come from, and the form for those who know better than the file. */
export function Corrections({ image }: { image: ImageDetail }) {
  const [isOpen, setOpen] = useState(false)
  const opener = useRef<HTMLButtonElement>(null)
  const patching = usePatchImage(image)
  const { data: me } = useQuery(meQuery)
  // What the file says is not known before it has been read.
  const isRead = image.status !== 'pending' && image.status !== 'processing'
  const mayCorrect = me?.capabilities.correct === true && isRead
  const corrected = isCorrected(image, 'laterality') || isCorrected(image, 'viewPosition')
  async function save(patch: ImagePatch): Promise<boolean> {
    const undo = undoOf(image, patch)
    if (!(await patching.patch(patch))) return false
    toast(savedInWords(patch), { label: 'Undo', run: () => void undoQuietly(image.id, undo) })
    return true
  }
  function close(): void {
    setOpen(false)
    // The form's button had the focus and is gone: back to what opened it.
    requestAnimationFrame(() => opener.current?.focus())
  }
  return (
    <>
      <Facts
        facts={[
          ['Side', <Word key="side" image={image} field="laterality" />],
          ['View', <Word key="view" image={image} field="viewPosition" />],
        ]}
      />
      {mayCorrect && isOpen ? (
        <CorrectionForm image={image} patching={patching} onSave={save} onClose={close} />
      ) : null}
      {mayCorrect && !isOpen ? (
        <div className={styles.correcting}>
          <button ref={opener} type="button" className={styles.link} onClick={() => setOpen(true)}>
            <Pencil aria-hidden="true" />
            Correct side or view
          </button>
          {corrected ? (
            <button
              type="button"
              className={styles.link}
              disabled={patching.isBusy}
              onClick={() => void save(patchOf(image, { laterality: '', viewPosition: '' }) ?? {})}
            >
              <Undo2 aria-hidden="true" />
              Back to what the file says
            </button>
          ) : null}
        </div>
      ) : null}
      {patching.trouble ? <Notice kind="failed">{patching.trouble}</Notice> : null}
    </>
  )
}

async function undoQuietly(imageId: number, undo: ImagePatch): Promise<void> {
  try {
    await savePatch(imageId, undo)
    toast('As it was before.')
  } catch (error) {
    toast(messageOf(error))
  }
}

function savedInWords(patch: ImagePatch): string {
  const said = [
    ['Side', patch.laterality],
    ['View', patch.viewPosition],
  ].flatMap(([name, value]) => {
    if (value === undefined) return []
    return value === null ? `${name} as the file says.` : `${name} corrected to ${value}.`
  })
  return said.join(' ')
}

function Word({ image, field }: { image: ImageDetail; field: CorrectedField }) {
  const value = image[field]
  const words = whereFrom(image, field)
  return (
    <span data-corrected={isCorrected(image, field) || undefined}>
      {value === null ? 'unknown' : termInWords(field, value)}{' '}
      {words ? <span className="unit">{words}</span> : null}
    </span>
  )
}

interface CorrectionFormProps {
  image: ImageDetail
  patching: Patching
  onSave: (patch: ImagePatch) => Promise<boolean>
  onClose: () => void
}

/** Beside the picture, not over it: the markers in the picture are what one goes by. */
function CorrectionForm({ image, patching, onSave, onClose }: CorrectionFormProps) {
  const [wanted, setWanted] = useState(() => wantedOf(image))
  const form = useRef<HTMLFormElement>(null)
  // It was opened to be filled in.
  useEffect(() => form.current?.querySelector('select')?.focus(), [])
  const patch = patchOf(image, wanted)
  function select(field: CorrectedField, label: string, terms: readonly string[]) {
    return (
      <SelectField
        label={label}
        value={wanted[field]}
        onChange={(event) => setWanted({ ...wanted, [field]: event.target.value })}
        onKeyDown={(event) => (event.key === 'Escape' ? onClose() : undefined)}
      >
        <option value="">As the file says: {fileInWords(image, field)}</option>
        {terms.map((term) => (
          <option key={term} value={term}>
            {termInWords(field, term)}
          </option>
        ))}
      </SelectField>
    )
  }
  return (
    <form
      ref={form}
      className={styles.form}
      aria-label="Correct side or view"
      onSubmit={(event) => {
        event.preventDefault()
        if (patch) void onSave(patch).then((isSaved) => (isSaved ? onClose() : undefined))
      }}
    >
      {select('laterality', 'Side', SIDES)}
      {select('viewPosition', 'View', VIEWS)}
      <p className={styles.quiet}>The file itself stays as it is. Who corrected what is recorded.</p>
      <div className={styles.actions}>
        <Button kind="primary" type="submit" isBusy={patching.isBusy} disabled={patch === null}>
          Save
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  )
}
