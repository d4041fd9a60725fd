import { type RangeQuery, type RangeSearch, rangeQueryOf, readRangeSearch } from '@/shared/range/rangeSearch'

/** What a unit is told apart by. */
export const UNIT_KINDS = ['station', 'detector', 'serial'] as const
export type UnitKind = (typeof UNIT_KINDS)[number]

/** Days, unit and operator, as they stand in the URL. Those that no header names are a group of their own: "1". */
export interface QualitySearch extends RangeSearch {
  by?: UnitKind
  unit?: string
  noUnit?: '1'
  operator?: string
  noOperator?: '1'
}

const MOST_SIGNS = 128

export function readQualitySearch(search: Record<string, unknown>): QualitySearch {
  const unit = typeof search.unit === 'string' && search.unit ? search.unit.slice(0, MOST_SIGNS) : undefined
  const operator =
    typeof search.operator === 'string' && /^[0-9A-F]{12}$/.test(search.operator)
      ? search.operator
      : undefined
  return {
    ...readRangeSearch(search),
    by: UNIT_KINDS.find((kind) => kind === search.by && kind !== 'station'),
    unit,
    noUnit: unit === undefined && search.noUnit === '1' ? '1' : undefined,
    operator,
    noOperator: operator === undefined && search.noOperator === '1' ? '1' : undefined,
  }
}

/** What the server is asked; an empty unit or operator means those that no header names. */
export interface QualityQuery extends RangeQuery {
  by: UnitKind
  unit?: string
  operator?: string
}

export function qualityQueryOf(search: QualitySearch): QualityQuery {
  return {
    ...rangeQueryOf(search),
    by: search.by ?? 'station',
    unit: search.noUnit ? '' : search.unit,
    operator: search.noOperator ? '' : search.operator,
  }
}

/** Unlike others of ours, keeps what is empty: it asks for what no header names. */
export function askOf(path: string, query: object): string {
  const asked = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) asked.set(name, String(value))
  }
  return `/api/quality${path}?${asked}`
}
