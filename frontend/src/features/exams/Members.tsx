import { Undo2 } from 'lucide-react'
import type { StudyMember } from '@/shared/api/studies'
import { plural } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { Panel } from '@/shared/ui/Panel'
import styles from './ExamPage.module.css'
import { studyName } from './study'

interface MembersProps {
  members: readonly StudyMember[]
  /** The exam that the others were added to; it stays. */
  studyId: number
  isBusy: boolean
  onTakeOut: ((memberId: number) => void) | null
}

/** The studies that a person has put together, each with its way out again. */
export function Members({ members, studyId, isBusy, onTakeOut }: MembersProps) {
  return (
    <Panel title="Grouped from">
      <ul className={styles.members}>
        {members.map((member) => (
          <li key={member.id} data-testid="member">
            <span className={styles.words}>
              <span>{studyName(member)}</span>
              <span className="unit">{plural(member.imageCount, 'image')}</span>
            </span>
            {onTakeOut && member.id !== studyId ? (
              <Button
                kind="quiet"
                icon={<Undo2 />}
                disabled={isBusy}
                aria-label={`Take out again: ${studyName(member)}`}
                onClick={() => onTakeOut(member.id)}
              >
                Take out again
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
