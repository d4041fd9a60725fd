import { SelectField } from '@/shared/ui/Field'
import type { Overview } from './api'
import styles from './Quality.module.css'
import { type QualitySearch, UNIT_KINDS, type UnitKind } from './qualitySearch'
import { KIND_WORDS, NOT_TOLD } from './words'

interface FiltersProps {
  search: QualitySearch
  overview: Overview | undefined
  onChange: (part: Partial<QualitySearch>) => void
}

const NOBODY = 'none'

/** What is not in the range any more stays chosen, and says so by finding nothing. */
export function Filters({ search, overview, onChange }: FiltersProps) {
  const units = (overview?.units ?? []).flatMap(({ key, manufacturer }) =>
    key === null ? [] : [{ key, label: manufacturer ? `${key}, ${manufacturer}` : key }],
  )
  const operators = (overview?.operators ?? []).flatMap(({ key, label }) =>
    key === null ? [] : [{ key, label: label ?? key }],
  )
  return (
    <div className={`${styles.filters} no-print`} role="group" aria-label="Unit and operator">
      <SelectField
        label="Units by"
        value={search.by ?? 'station'}
        onChange={(event) => {
          const by = event.target.value as UnitKind
          onChange({ by: by === 'station' ? undefined : by, unit: undefined, noUnit: undefined })
        }}
      >
        {UNIT_KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {KIND_WORDS[kind]}
          </option>
        ))}
      </SelectField>
      <Choice
        label="Unit"
        all="All units"
        known={units}
        value={search.unit}
        isNobody={search.noUnit !== undefined}
        onChange={(unit, isNobody) => onChange({ unit, noUnit: isNobody ? '1' : undefined })}
      />
      <Choice
        label="Operator"
        all="All operators"
        known={operators}
        value={search.operator}
        isNobody={search.noOperator !== undefined}
        onChange={(operator, isNobody) => onChange({ operator, noOperator: isNobody ? '1' : undefined })}
      />
    </div>
  )
}

interface ChoiceProps {
  label: string
  all: string
  known: { key: string; label: string }[]
  value: string | undefined
  isNobody: boolean
  onChange: (value: string | undefined, isNobody: boolean) => void
}

function Choice({ label, all, known, value, isNobody, onChange }: ChoiceProps) {
  const isGone = value !== undefined && !known.some(({ key }) => key === value)
  return (
    <SelectField
      label={label}
      value={isNobody ? NOBODY : value === undefined ? '' : `is ${value}`}
      onChange={(event) => {
        const chosen = event.target.value
        onChange(chosen.startsWith('is ') ? chosen.slice(3) : undefined, chosen === NOBODY)
      }}
    >
      <option value="">{all}</option>
      {isGone ? <option value={`is ${value}`}>{value}</option> : null}
      {known.map(({ key, label: words }) => (
        <option key={key} value={`is ${key}`}>
          {words}
        </option>
      ))}
      <option value={NOBODY}>{NOT_TOLD}</option>
    </SelectField>
  )
}
