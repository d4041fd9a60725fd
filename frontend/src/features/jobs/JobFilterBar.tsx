import { useState } from 'react'
import type { JobState } from '@/shared/api/types'
import { ChoiceChips, RemovableChip } from '@/shared/ui/Chips'
import { Field } from '@/shared/ui/Field'
import type { JobFilters } from './jobSearch'
import { QUEUE_NAMES } from './jobSearch'
import styles from './JobsPage.module.css'

const QUEUES = QUEUE_NAMES.map((value) => ({ value, label: value }))
const STATES: readonly { value: JobState; label: string }[] = [
  { value: 'pending', label: 'Pending' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'active', label: 'Active' },
  { value: 'delayed', label: 'Delayed' },
  { value: 'completed', label: 'Completed' },
  { value: 'rejected', label: 'Rejected' },
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Taken out' },
]

interface JobFilterBarProps {
  filters: JobFilters
  onChange: (filters: JobFilters) => void
}

export function JobFilterBar({ filters, onChange }: JobFilterBarProps) {
  const set = (change: JobFilters) => onChange({ ...filters, ...change })
  return (
    <div className={styles.filters}>
      <TextFilter
        key={`image ${filters.imageId ?? ''}`}
        label="Image number"
        pattern="\d{1,18}"
        initial={filters.imageId}
        onSet={(imageId) => set({ imageId })}
      />
      <TextFilter
        key={`reason ${filters.reason ?? ''}`}
        label="Reason (its code)"
        pattern="\w{1,64}"
        initial={filters.reason}
        onSet={(reason) => set({ reason })}
      />
      <ChoiceChips
        label="Queue"
        options={QUEUES}
        value={QUEUE_NAMES.find((name) => name === filters.queue)}
        onChange={(queue) => set({ queue })}
      />
      <ChoiceChips
        label="State"
        options={STATES}
        value={filters.state}
        onChange={(state) => set({ state })}
      />
      {filters.imageId ? (
        <RemovableChip
          onRemove={() => set({ imageId: undefined })}
        >{`Image ${filters.imageId}`}</RemovableChip>
      ) : null}
      {filters.reason ? (
        <RemovableChip onRemove={() => set({ reason: undefined })}>{filters.reason}</RemovableChip>
      ) : null}
    </div>
  )
}

interface TextFilterProps {
  label: string
  pattern: string
  initial: string | undefined
  onSet: (value: string | undefined) => void
}

/** Asked when Enter is pressed: half a number is another image. */
function TextFilter({ label, pattern, initial = '', onSet }: TextFilterProps) {
  const [text, setText] = useState(initial)
  return (
    <form
      role="search"
      aria-label={label}
      className={styles.search}
      onSubmit={(event) => {
        event.preventDefault()
        onSet(text.trim() || undefined)
      }}
    >
      <Field
        label={label}
        type="search"
        pattern={pattern}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          if (event.target.value === '' && initial !== '') onSet(undefined)
        }}
      />
    </form>
  )
}
