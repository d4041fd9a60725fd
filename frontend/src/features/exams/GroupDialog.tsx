import { useDeferredValue, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import type { Study, StudyDetail } from '@/shared/api/studies'
import { plural } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { Dialog } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Skeleton } from '@/shared/ui/Skeleton'
import { findStudiesQuery } from './api'
import styles from './ExamPage.module.css'
import { mayBeOnePatient, studyName } from './study'

interface GroupDialogProps {
  study: StudyDetail
  isBusy: boolean
  onGroup: (studyIds: readonly number[]) => Promise<boolean>
  onClose: () => void
}

/** Another exam of the same patient becomes part of this one. What was not recognised as one can be said by hand. */
export function GroupDialog({ study, isBusy, onGroup, onClose }: GroupDialogProps) {
  const [text, setText] = useState(study.patientId ?? '')
  const wanted = useDeferredValue(text.trim())
  const { data: found, error, isPending } = useQuery(findStudiesQuery(wanted))
  const own = new Set([study.id, ...study.members.map((member) => member.id)])
  const others = found?.filter((one) => !own.has(one.id))
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Group with another exam"
      isWide
      description="Both are shown as one exam from then on. Nothing in the files changes, and they can be taken apart again."
    >
      <Field
        label="Patient id, name or file name"
        type="search"
        autoComplete="off"
        value={text}
        hint="Search finds the beginning of it."
        onChange={(event) => setText(event.target.value)}
      />
      {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
      <div className={styles.found} aria-live="polite">
        {wanted !== '' && isPending ? <Skeleton height="3rem" /> : null}
        {wanted !== '' && others?.length === 0 ? <p className="unit">No other exam is found.</p> : null}
        <ul className={styles.members}>
          {others?.map((one) => (
            <Found
              key={one.id}
              found={one}
              patientId={study.patientId}
              isBusy={isBusy}
              onPick={() => void onGroup([one.id]).then((isDone) => (isDone ? onClose() : undefined))}
            />
          ))}
        </ul>
      </div>
    </Dialog>
  )
}

interface FoundProps {
  found: Study
  patientId: string | null
  isBusy: boolean
  onPick: () => void
}

function Found({ found, patientId, isBusy, onPick }: FoundProps) {
  const isOtherPatient = !mayBeOnePatient(patientId, found.patientId)
  const facts = [found.patientId, found.views.present.join(', '), plural(found.imageCount, 'image')].filter(
    Boolean,
  )
  return (
    <li data-testid="found-exam">
      <span className={styles.words}>
        <span>{studyName(found)}</span>
        <span className="unit">{facts.join(' · ')}</span>
      </span>
      {isOtherPatient ? (
        <span className="unit">another patient</span>
      ) : (
        <Button disabled={isBusy} aria-label={`Group with ${studyName(found)}`} onClick={onPick}>
          Group
        </Button>
      )}
    </li>
  )
}
