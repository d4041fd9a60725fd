import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { queryClient } from '@/shared/api/queries'
import { formatDateTime } from '@/shared/format/dates'
import { Button, IconButton } from '@/shared/ui/Button'
import { Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Skeleton } from '@/shared/ui/Skeleton'
import { changeCurves, type Curve, curvesQuery, type ReferenceCurves } from './api'
import { curveOf, type Draft, draftOf, troubleOf } from './curveDraft'
import { NumbersTable } from './NumbersTable'
import styles from './Quality.module.css'
import { measure } from './words'

interface CurvesDialogProps {
  isOpen: boolean
  onClose: () => void
}

/** The lines that doses are shown beside: everybody reads where they come from, administrators change them. */
export function CurvesDialog({ isOpen, onClose }: CurvesDialogProps) {
  const answer = useQuery({ ...curvesQuery, enabled: isOpen })
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title="Reference curves"
      description="Lines of dose by breast thickness to compare a unit with. They say nothing of a single exposure."
      isWide
    >
      {answer.error ? <Notice kind="failed">{messageOf(answer.error)}</Notice> : null}
      {answer.data === undefined ? (
        <Skeleton height="16rem" />
      ) : answer.data.mayChange ? (
        <Editor key={answer.data.version} found={answer.data} onClose={onClose} />
      ) : (
        <Readable curves={answer.data.curves} onClose={onClose} />
      )}
    </Dialog>
  )
}

function Readable({ curves, onClose }: { curves: Curve[]; onClose: () => void }) {
  return (
    <>
      {curves.map((curve) => (
        <section key={curve.name} className={styles.curve}>
          <h3>{curve.name}</h3>
          <p className={styles.note}>{curve.source}</p>
          <NumbersTable
            caption={curve.name}
            heads={['Thickness mm', 'Dose mGy']}
            rows={curve.points.map(({ thicknessMm, doseMgy }) => ({
              key: String(thicknessMm),
              cells: [measure(thicknessMm), measure(doseMgy, 2)],
            }))}
          />
        </section>
      ))}
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </>
  )
}

function Editor({ found, onClose }: { found: ReferenceCurves; onClose: () => void }) {
  const [drafts, setDrafts] = useState<Draft[]>(() => found.curves.map(draftOf))
  const [trouble, setTrouble] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function save(curves: Curve[] | null): Promise<void> {
    setBusy(true)
    setTrouble(null)
    try {
      const changed = await changeCurves(curves, found.version)
      queryClient.setQueryData(curvesQuery.queryKey, changed)
      void queryClient.invalidateQueries({ queryKey: ['quality', '/dose'] })
      onClose()
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }

  function submit(event: React.FormEvent): void {
    event.preventDefault()
    const wrong = drafts.map(troubleOf).find((one) => one !== null)
    if (wrong) setTrouble(wrong)
    else void save(drafts.map(curveOf))
  }

  const change = (id: string, part: Partial<Draft>) =>
    setDrafts(drafts.map((draft) => (draft.id === id ? { ...draft, ...part } : draft)))
  return (
    <form className={styles.editor} onSubmit={submit} aria-label="Reference curves">
      {drafts.map((draft) => (
        <DraftFields
          key={draft.id}
          draft={draft}
          onChange={(part) => change(draft.id, part)}
          onRemove={() => setDrafts(drafts.filter(({ id }) => id !== draft.id))}
        />
      ))}
      <div>
        <Button icon={<Plus />} onClick={() => setDrafts([...drafts, draftOf(null)])}>
          Another curve
        </Button>
      </div>
      <p className={styles.note}>
        {found.isDefault
          ? 'Nobody has changed them yet.'
          : `Changed ${formatDateTime(found.changedAt)} by ${found.changedBy ?? 'somebody'}.`}
      </p>
      {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
      <DialogActions>
        <Button isBusy={isBusy} disabled={found.isDefault} onClick={() => void save(null)}>
          Back to the program’s own
        </Button>
        <Button kind="primary" type="submit" isBusy={isBusy}>
          Save
        </Button>
      </DialogActions>
    </form>
  )
}

interface DraftFieldsProps {
  draft: Draft
  onChange: (part: Partial<Draft>) => void
  onRemove: () => void
}

function DraftFields({ draft, onChange, onRemove }: DraftFieldsProps) {
  return (
    <fieldset className={styles.draft}>
      <legend className="visually-hidden">{draft.name || 'New curve'}</legend>
      <div className={styles.draftHead}>
        <Field
          label="Name"
          value={draft.name}
          maxLength={200}
          required
          onChange={(event) => onChange({ name: event.target.value })}
        />
        <IconButton label={`Remove ${draft.name || 'this curve'}`} onClick={onRemove}>
          <Trash2 />
        </IconButton>
      </div>
      <Field
        label="Where it comes from"
        value={draft.source}
        maxLength={200}
        required
        onChange={(event) => onChange({ source: event.target.value })}
      />
      <Field
        label="Points"
        hint="Thickness in mm, a colon, dose in mGy; points apart by commas: 21: 1.0, 32: 1.5"
        value={draft.points}
        required
        trouble={draft.points ? troubleOf(draft) : null}
        onChange={(event) => onChange({ points: event.target.value })}
      />
    </fieldset>
  )
}
