import { useMemo, useState } from 'react'
import { browserZone, dayIn, isZone } from '@/shared/format/zoned'
import { Button } from '@/shared/ui/Button'
import { ChoiceChips } from '@/shared/ui/Chips'
import { SelectField } from '@/shared/ui/Field'
import { PRESETS, type RangeSearch, rememberZone, USUAL_DAYS } from './rangeSearch'
import styles from './RangePicker.module.css'

const OPTIONS = [
  ...PRESETS.map((days) => ({ value: days as string, label: `${days} days` })),
  { value: 'custom', label: 'Custom' },
]

/** Browsers still list these under names that nobody looks for any more. */
const RENAMED: Record<string, string> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Godthab': 'America/Nuuk',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
}

interface RangePickerProps {
  search: RangeSearch
  /** The zone that holds, chosen or not. */
  zone: string
  onChange: (search: RangeSearch) => void
}

/** Which days, on whose clock. */
export function RangePicker({ search, zone, onChange }: RangePickerProps) {
  const isCustom = search.from !== undefined
  const [isOpen, setOpen] = useState(isCustom)
  const shown = isOpen || isCustom ? 'custom' : (search.days ?? USUAL_DAYS)
  return (
    <div className={`${styles.picker} no-print`} role="group" aria-label="Days and time zone">
      <ChoiceChips
        label="Days"
        options={OPTIONS}
        value={shown}
        onChange={(days) => {
          // A second press on what holds changes nothing.
          if (days === undefined) return
          setOpen(days === 'custom')
          if (days !== 'custom') onChange({ days, tz: search.tz })
        }}
      />
      {shown === 'custom' ? (
        <CustomDays
          key={`${search.from} ${search.to}`}
          search={search}
          today={dayIn(new Date(), isZone(zone) ? zone : 'UTC')}
          onChange={(from, to) => onChange({ from, to, tz: search.tz })}
        />
      ) : null}
      <ZoneField
        zone={zone}
        onChange={(tz) => {
          rememberZone(tz)
          onChange({ ...search, tz })
        }}
      />
    </div>
  )
}

interface CustomDaysProps {
  search: RangeSearch
  today: string
  onChange: (from: string, to: string) => void
}

/** Asked when both are there: half a range is another range. */
function CustomDays({ search, today, onChange }: CustomDaysProps) {
  const [from, setFrom] = useState(search.from ?? '')
  const [to, setTo] = useState(search.to ?? today)
  const isReversed = from !== '' && to !== '' && from > to
  return (
    <form
      className={styles.custom}
      aria-label="Custom days"
      onSubmit={(event) => {
        event.preventDefault()
        if (from && to && !isReversed) onChange(from, to)
      }}
    >
      <label>
        From{' '}
        <input
          type="date"
          required
          value={from}
          max={today}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        to{' '}
        <input
          type="date"
          required
          value={to}
          aria-invalid={isReversed || undefined}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      <Button type="submit" disabled={!from || !to || isReversed}>
        Show
      </Button>
      {isReversed ? (
        <span className={styles.trouble} role="alert">
          The first day lies after the last.
        </span>
      ) : null}
    </form>
  )
}

function ZoneField({ zone, onChange }: { zone: string; onChange: (zone: string) => void }) {
  const own = browserZone()
  const zones = useMemo(() => {
    const usual = [...new Set([own, 'UTC', zone])]
    const all = Intl.supportedValuesOf('timeZone').map((name) => RENAMED[name] ?? name)
    return { usual, others: all.toSorted().filter((name) => !usual.includes(name)) }
  }, [own, zone])
  return (
    <SelectField
      label="Time zone"
      className={styles.zone}
      value={zone}
      onChange={(event) => onChange(event.target.value)}
    >
      {zones.usual.map((name) => (
        <option key={name} value={name}>
          {zoneName(name)}
          {name === own ? ' (this browser’s)' : ''}
        </option>
      ))}
      <optgroup label="All zones">
        {zones.others.map((name) => (
          <option key={name} value={name}>
            {zoneName(name)}
          </option>
        ))}
      </optgroup>
    </SelectField>
  )
}

const zoneName = (name: string) => name.replaceAll('_', ' ')
