import { useQuery } from '@tanstack/react-query'
import { formatCount } from '@/shared/format/numbers'
import { type CompletenessGroup, completenessQuery, csvLink } from './api'
import { Count } from './Count'
import { GroupsPanel } from './GroupsPanel'
import { Part } from './Part'
import { Panel } from '@/shared/ui/Panel'
import styles from './Quality.module.css'
import type { QualityQuery } from './qualitySearch'
import { share } from './words'

const VIEWS = ['R CC', 'L CC', 'R MLO', 'L MLO']
const HEADS = [
  'Exams',
  'All four views',
  ...VIEWS.map((view) => `No ${view}`),
  'With repeats',
  'Repeated views',
  'Files',
  'Rejected',
  'Failed',
]

export function CompletenessPanel({ query }: { query: QualityQuery }) {
  const answer = useQuery(completenessQuery(query))
  return (
    <Part what="Completeness" answer={answer} height="20rem">
      {({ total, byUnit, byMonth }) => (
        <>
          <Totals total={total} />
          <GroupsPanel
            title="Completeness in groups"
            csv={csvLink('/completeness', 'groups', query)}
            heads={HEADS}
            groups={{ unit: byUnit, month: byMonth }}
            cells={(group) => [
              formatCount(group.exams),
              share(group.complete, group.exams),
              ...group.missing.map(({ exams }) => formatCount(exams)),
              formatCount(group.withRepeats),
              share(group.repeats, group.exposures),
              formatCount(group.files),
              share(group.rejected, group.files),
              share(group.failed, group.files),
            ]}
            note="Presence, and no verdict: a breast that was removed counts as a missing view. Exams go by the day of their study, files by that of their acquisition, either by arrival where the header tells none."
          />
        </>
      )}
    </Part>
  )
}

function Totals({ total }: { total: CompletenessGroup }) {
  return (
    <Panel title="Completeness of exams">
      <dl className={styles.totals}>
        <Total name="Exams" words={formatCount(total.exams)} />
        <Total name="All four views" words={share(total.complete, total.exams)} />
        {total.missing.map(({ view, exams }) => (
          <Total key={view} name={`Without ${view}`} words={share(exams, total.exams)}>
            <Count value={exams} title={`Exams without ${view}`} behind={{ missing: view }} />
          </Total>
        ))}
        <Total name="Repeated views" words={share(total.repeats, total.exposures)}>
          <Count value={total.withRepeats} title="Exams with a repeated view" behind={{ repeated: 'any' }} />
        </Total>
        <Total name="Files rejected" words={share(total.rejected, total.files)}>
          <Count value={total.rejected} title="Rejected files" behind={{ outcome: 'rejected' }} />
        </Total>
        <Total name="Files failed" words={share(total.failed, total.files)}>
          <Count value={total.failed} title="Failed files" behind={{ outcome: 'failed' }} />
        </Total>
      </dl>
    </Panel>
  )
}

interface TotalProps {
  name: string
  words: string
  children?: React.ReactNode
}

function Total({ name, words, children }: TotalProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong className="tabular">{words}</strong> {children}
      </dd>
    </div>
  )
}
