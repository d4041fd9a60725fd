import { useState } from 'react'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import { ChoiceChips } from '@/shared/ui/Chips'
import { Panel } from '@/shared/ui/Panel'
import table from '@/shared/ui/Table.module.css'
import { NumbersTable, type NumbersRow } from './NumbersTable'
import styles from './Quality.module.css'
import { monthInWords, NOT_TOLD } from './words'

export type GroupKind = 'unit' | 'month' | 'operator'
const KINDS = [
  { value: 'unit', label: 'By unit' },
  { value: 'month', label: 'By month' },
  { value: 'operator', label: 'By operator' },
] as const

interface GroupsPanelProps<Group> {
  title: string
  csv: string
  heads: string[]
  groups: Partial<Record<GroupKind, Group[]>>
  cells: (group: Group, kind: GroupKind) => NumbersRow['cells']
  note?: string
}

/** The same numbers by unit, month or operator. */
export function GroupsPanel<Group extends { key: string | null; label?: string | null }>({
  title,
  csv,
  heads,
  groups,
  cells,
  note,
}: GroupsPanelProps<Group>) {
  const [kind, setKind] = useState<GroupKind>('unit')
  const shown = groups[kind] ?? []
  const kinds = KINDS.filter(({ value }) => groups[value])
  const rows = shown.map((group) => ({
    key: group.key ?? '',
    cells: [nameOf(group, kind), ...cells(group, kind)],
  }))
  return (
    <Panel
      title={title}
      actions={
        <PanelActs>
          <CsvLink href={csv} what={title} />
        </PanelActs>
      }
    >
      <div className="no-print">
        <ChoiceChips
          label={title}
          options={kinds}
          value={kind}
          onChange={(chosen) => (chosen ? setKind(chosen) : undefined)}
        />
      </div>
      {rows.length === 0 ? (
        <p className={styles.nothing}>Nothing in these days.</p>
      ) : (
        <div
          className={`${table.wrap} ${styles.groups}`}
          tabIndex={0}
          role="region"
          aria-label={`${title}, table`}
        >
          <NumbersTable
            caption={title}
            heads={[kind === 'unit' ? 'Unit' : kind === 'month' ? 'Month' : 'Operator', ...heads]}
            rows={rows}
          />
        </div>
      )}
      {note ? <p className={styles.note}>{note}</p> : null}
    </Panel>
  )
}

function nameOf({ key, label }: { key: string | null; label?: string | null }, kind: GroupKind): string {
  if (key === null) return NOT_TOLD
  return kind === 'month' ? monthInWords(key) : (label ?? key)
}
