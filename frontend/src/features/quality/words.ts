import { formatCount } from '@/shared/format/numbers'
import type { UnitKind } from './qualitySearch'

export const NOT_TOLD = 'Not in the header'

export const KIND_WORDS: Record<UnitKind, string> = {
  station: 'Station',
  detector: 'Detector',
  serial: 'Serial number',
}

const VALUE_WORDS: Record<string, string> = {
  organ_dose_mgy: 'Mean glandular dose',
  entrance_dose_mgy: 'Entrance dose',
  body_part_thickness_mm: 'Breast thickness',
  compression_force_n: 'Compression force',
  kvp_kv: 'Tube voltage',
  exposure_mas: 'Exposure',
  anode_target_material: 'Target',
  filter_material: 'Filter',
  detector_id: 'Detector',
  device_serial_number: 'Serial number',
  station_name: 'Station',
  operators_name: 'Operator',
  irradiation_event_uid: 'Irradiation event',
  acquired_at: 'Acquisition date',
  laterality: 'Side',
  view_position: 'View',
}

export const valueInWords = (name: string) => VALUE_WORDS[name] ?? name

/** "12.3 %"; a share of nothing is unknown. */
export function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)}\u2009%`
}

/** At most so many decimals, none that are zero. */
export function measure(value: number | null, decimals = 1): string {
  return value === null ? 'unknown' : String(Number(value.toFixed(decimals)))
}

/** "Oct 2026" of "2026-10". */
export function monthInWords(month: string): string {
  const [year, number] = month.split('-')
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  return `${names[Number(number) - 1] ?? month} ${year}`
}

export const materialInWords = (target: string | null, filter: string | null) =>
  target === null && filter === null ? NOT_TOLD : `${plain(target)} / ${plain(filter)}`

/** "TUNGSTEN" as people write it. */
function plain(name: string | null): string {
  if (name === null) return 'not told'
  return /^[A-Z ]+$/.test(name) ? name.charAt(0) + name.slice(1).toLowerCase() : name
}

/** What is not in a chart, and why; nothing to say is an empty text. */
export function leftOut(missing: number, implausible: number, what: string): string {
  const parts = [
    missing > 0 ? `${formatCount(missing)} without ${what} in the header` : '',
    implausible > 0 ? `${formatCount(implausible)} with a value that no unit gives` : '',
  ].filter(Boolean)
  return parts.length === 0 ? '' : `Left out: ${parts.join(', ')}.`
}
