import type { ReactNode } from 'react'
import { useNavigate } from '@tanstack/react-router'
import { countFilters, type GallerySearch } from '@/shared/api/imageFilters'
import type { Count, StudyCounts } from '@/shared/api/studies'
import type { FileType, ImageStatus } from '@/shared/api/types'
import { VIEWS } from '@/shared/format/terms'
import { Button } from '@/shared/ui/Button'
import { ChoiceChips, RemovableChip } from '@/shared/ui/Chips'
import { countInWords } from './exam'
import { DayFields } from './DayFields'
import styles from './FilterBar.module.css'

const STATUSES: { value: ImageStatus; label: string }[] = [
  { value: 'ready', label: 'Ready' },
  { value: 'pending', label: 'Queued' },
  { value: 'processing', label: 'Converting' },
  { value: 'failed', label: 'Failed' },
  { value: 'rejected', label: 'Rejected' },
]
const SIDES = [
  { value: 'R', label: 'R' },
  { value: 'L', label: 'L' },
]
const USUAL_VIEWS = [
  { value: 'CC', label: 'CC' },
  { value: 'MLO', label: 'MLO' },
]
const OTHER_VIEWS = VIEWS.filter((view) => !USUAL_VIEWS.some((usual) => usual.value === view))
const TYPES: { value: FileType; label: string }[] = [
  { value: 'dicom', label: 'DICOM' },
  { value: 'png', label: 'PNG' },
  { value: 'jpeg', label: 'JPEG' },
  { value: 'tiff', label: 'TIFF' },
]
/** Modalities of breast imaging (PS3.3 C.7.3.1.1.1); another one in the URL is shown beside them. */
const MODALITIES = ['MG', 'CR', 'DX', 'US', 'MR', 'SR', 'OT']

export interface Person {
  id: number
  name: string
}

export interface FilterBarProps {
  search: GallerySearch
  /** How many exams each choice would leave; for the view of exams. */
  counts?: StudyCounts
  /** Who may be chosen as uploader; empty for those who see only their own. */
  uploaders: readonly Person[]
}

function without<T extends string>(
  value: T | undefined,
  options: readonly { value: string }[],
): T | undefined {
  return options.some((option) => option.value === value) ? undefined : value
}

/** The filters stand in the URL: a filtered gallery can be sent, kept and gone back to. */
export function FilterBar({ search, counts, uploaders }: FilterBarProps) {
  const navigate = useNavigate()
  const isExams = search.show === 'exams'
  function set(change: Partial<GallerySearch>): void {
    void navigate({ to: '/', search: { ...search, ...change, at: undefined } })
  }
  const count = countFilters(search) + [search.studyFrom, search.studyTo].filter(Boolean).length
  return (
    <div className={styles.filters} role="group" aria-label="Filters">
      <TermFilters search={search} counts={isExams ? (counts ?? NO_COUNTS) : undefined} onChange={set} />
      {isExams ? null : (
        <ChoiceChips
          label="Type"
          options={TYPES}
          value={search.fileType}
          onChange={(fileType) => set({ fileType })}
        />
      )}
      {uploaders.length > 0 || search.userId ? (
        <ChoiceSelect
          label="Uploader"
          value={search.userId}
          options={uploaders.map(({ id, name }) => ({ value: String(id), label: name }))}
          onChange={(userId) => set({ userId })}
        />
      ) : null}
      <DayFields
        label={isExams ? 'Came' : ''}
        from={search.from}
        to={search.to}
        onChange={({ from, to }) => set({ from, to })}
      />
      {isExams ? (
        <DayFields
          label="Exam"
          from={search.studyFrom}
          to={search.studyTo}
          onChange={({ from, to }) => set({ studyFrom: from, studyTo: to })}
        />
      ) : null}
      <OtherFilters search={search} onChange={set} />
      {count > 0 ? (
        <Button
          kind="quiet"
          className={styles.clear}
          onClick={() => void navigate({ to: '/', search: { show: search.show } })}
        >
          Clear all
        </Button>
      ) : null}
    </div>
  )
}

type FacetCounts = Pick<StudyCounts, 'laterality' | 'view' | 'modality' | 'status'>

/** While counts are read their room is kept. */
const NO_COUNTS: FacetCounts = { laterality: {}, view: {}, modality: {}, status: {} }

interface TermFiltersProps {
  search: GallerySearch
  counts: FacetCounts | undefined
  onChange: (change: Partial<GallerySearch>) => void
}

/** What images and exams have in common. */
function TermFilters({ search, counts, onChange }: TermFiltersProps) {
  return (
    <>
      <ChoiceChips
        label="Side"
        options={noted(SIDES, counts?.laterality)}
        value={search.laterality}
        onChange={(laterality) => onChange({ laterality })}
      />
      <ChoiceChips
        label="View"
        options={noted(USUAL_VIEWS, counts?.view)}
        value={search.view}
        onChange={(view) => onChange({ view })}
      />
      <ChoiceSelect
        label="Other view"
        value={without(search.view, USUAL_VIEWS)}
        options={OTHER_VIEWS.map((view) => ({ value: view, label: labelOf(view, counts?.view) }))}
        onChange={(view) => onChange({ view })}
      />
      <ChoiceSelect
        label="Modality"
        value={search.modality}
        options={MODALITIES.map((one) => ({ value: one, label: labelOf(one, counts?.modality) }))}
        onChange={(modality) => onChange({ modality })}
      />
      <ChoiceChips
        label="Status"
        options={noted(STATUSES, counts?.status)}
        value={search.status}
        onChange={(status) => onChange({ status })}
      />
    </>
  )
}

function noted<T extends string>(
  options: { value: T; label: string }[],
  counts: Record<string, Count> | undefined,
): { value: T; label: string; note?: string }[] {
  if (!counts) return options
  return options.map((option) => ({ ...option, note: noteOf(counts, option.value) }))
}

/** The server leaves out what would be none; nothing at all is known while it is read. */
function noteOf(counts: Record<string, Count>, value: string): string {
  const count = counts[value]
  if (count !== undefined) return countInWords(count)
  return Object.keys(counts).length > 0 ? '0' : ''
}

function labelOf(name: string, counts: Record<string, Count> | undefined): string {
  const count = counts?.[name]
  return count ? `${name} (${countInWords(count)})` : name
}

interface ChoiceSelectProps {
  label: string
  value: string | undefined
  options: readonly { value: string; label: string }[]
  onChange: (value: string | undefined) => void
}

/** For choices too many for chips. What a link chose and the list does not know is shown too. */
function ChoiceSelect({ label, value, options, onChange }: ChoiceSelectProps): ReactNode {
  const isKnown = value === undefined || options.some((option) => option.value === value)
  return (
    <select
      className={styles.select}
      aria-label={label}
      data-on={value !== undefined || undefined}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{label}</option>
      {isKnown ? null : <option value={value}>{`${label} ${value}`}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  )
}

interface OtherFiltersProps {
  search: GallerySearch
  onChange: (change: Partial<GallerySearch>) => void
}

/** Filters that come from elsewhere: shown, so that nobody wonders what is missing. */
function OtherFilters({ search, onChange }: OtherFiltersProps) {
  const others: [keyof GallerySearch, string][] = [['q', `“${search.q}”`]]
  if (search.show !== 'exams') others.push(['studyId', `Exam ${search.studyId}`])
  return others.map(([name, label]) =>
    search[name] === undefined ? null : (
      <RemovableChip key={name} onRemove={() => onChange({ [name]: undefined })}>
        {label}
      </RemovableChip>
    ),
  )
}
