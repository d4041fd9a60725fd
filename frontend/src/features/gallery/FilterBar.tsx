import { useNavigate } from '@tanstack/react-router'
import { countFilters, type ImageFilters } from '@/shared/api/imageFilters'
import { Button } from '@/shared/ui/Button'
import { ChoiceChips, RemovableChip } from '@/shared/ui/Chips'
import styles from './GalleryPage.module.css'

const STATUSES = [
  { value: 'ready', label: 'Ready' },
  { value: 'pending', label: 'Queued' },
  { value: 'processing', label: 'Converting' },
  { value: 'failed', label: 'Failed' },
  { value: 'rejected', label: 'Rejected' },
] as const

const SIDES = [
  { value: 'R', label: 'R' },
  { value: 'L', label: 'L' },
] as const

const VIEWS = [
  { value: 'CC', label: 'CC' },
  { value: 'MLO', label: 'MLO' },
] as const

const TYPES = [
  { value: 'dicom', label: 'DICOM' },
  { value: 'png', label: 'PNG' },
  { value: 'jpeg', label: 'JPEG' },
  { value: 'tiff', label: 'TIFF' },
] as const

function pick<T extends string>(options: readonly { value: T }[], value: string | undefined): T | undefined {
  return options.find((option) => option.value === value)?.value
}

/** The filters stand in the URL: a filtered gallery can be sent, kept and gone back to. */
export function FilterBar({ filters }: { filters: ImageFilters }) {
  const navigate = useNavigate()
  function set(change: Partial<ImageFilters>): void {
    void navigate({ to: '/', search: { ...filters, ...change } })
  }
  return (
    <div className={styles.filters} role="group" aria-label="Filters">
      <ChoiceChips
        label="Side"
        options={SIDES}
        value={pick(SIDES, filters.laterality)}
        onChange={(laterality) => set({ laterality })}
      />
      <ChoiceChips
        label="View"
        options={VIEWS}
        value={pick(VIEWS, filters.view)}
        onChange={(view) => set({ view })}
      />
      <ChoiceChips
        label="Status"
        options={STATUSES}
        value={filters.status}
        onChange={(status) => set({ status })}
      />
      <ChoiceChips
        label="Type"
        options={TYPES}
        value={filters.fileType}
        onChange={(fileType) => set({ fileType })}
      />
      <Dates filters={filters} onChange={set} />
      <OtherFilters filters={filters} onChange={set} />
      {countFilters(filters) > 0 ? (
        <Button kind="quiet" onClick={() => void navigate({ to: '/', search: {} })}>
          Clear all
        </Button>
      ) : null}
    </div>
  )
}

interface PartProps {
  filters: ImageFilters
  onChange: (change: Partial<ImageFilters>) => void
}

function Dates({ filters, onChange }: PartProps) {
  return (
    <span className={styles.dates}>
      <label>
        From{' '}
        <input
          type="date"
          value={filters.from ?? ''}
          max={filters.to}
          onChange={(event) => onChange({ from: event.target.value || undefined })}
        />
      </label>
      <label>
        to{' '}
        <input
          type="date"
          value={filters.to ?? ''}
          min={filters.from}
          onChange={(event) => onChange({ to: event.target.value || undefined })}
        />
      </label>
    </span>
  )
}

/** Filters that come from links elsewhere: shown, so that nobody wonders what is missing. */
function OtherFilters({ filters, onChange }: PartProps) {
  const others: [keyof ImageFilters, string][] = [
    ['q', `“${filters.q}”`],
    ['modality', `Modality ${filters.modality}`],
    ['studyId', `Exam ${filters.studyId}`],
    ['userId', `Uploader ${filters.userId}`],
  ]
  const views: [keyof ImageFilters, string][] = pick(VIEWS, filters.view)
    ? []
    : [['view', `View ${filters.view}`]]
  return (
    <>
      {[...others, ...views].map(([name, label]) =>
        filters[name] === undefined ? null : (
          <RemovableChip key={name} onRemove={() => onChange({ [name]: undefined })}>
            {label}
          </RemovableChip>
        ),
      )}
    </>
  )
}
