/** Instants on the clock of a chosen time zone, in the words of the whole product: "23 Nov 2026, 14:05". */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone)
  if (known) return known
  const options: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }
  const clock = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: isZone(zone) ? zone : 'UTC' })
  clocks.set(zone, clock)
  return clock
}

/** Whether this browser knows the zone; the server has the last word. */
export function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}

export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
}

interface ZonedParts {
  date: string
  time: string
  seconds: string
}

function partsOf(iso: string | null | undefined, zone: string): ZonedParts | null {
  const at = iso ? new Date(iso) : null
  if (at === null || Number.isNaN(at.getTime())) return null
  const parts = Object.fromEntries(
    clockOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const month = MONTHS[Number(parts.month) - 1] ?? ''
  return {
    date: `${Number(parts.day)} ${month} ${parts.year}`,
    time: `${parts.hour}:${parts.minute}`,
    seconds: `${parts.hour}:${parts.minute}:${parts.second}`,
  }
}

/** "23 Nov 2026, 14:05" */
export function formatDateTimeIn(iso: string | null | undefined, zone: string): string {
  const parts = partsOf(iso, zone)
  return parts ? `${parts.date}, ${parts.time}` : '–'
}

/** "14:05" */
export function formatTimeIn(iso: string | null | undefined, zone: string): string {
  return partsOf(iso, zone)?.time ?? '–'
}

/** "14:05:09" */
export function formatSecondsIn(iso: string | null | undefined, zone: string): string {
  return partsOf(iso, zone)?.seconds ?? '–'
}

/** "23 Nov 2026" of the calendar day "2026-11-23", which has no zone. */
export function formatDay(day: string): string {
  const [year, month, date] = day.split('-')
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? ''} ${year}`
}

/** "23 Nov" */
export function formatShortDay(day: string): string {
  const [, month, date] = day.split('-')
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? ''}`
}

/** "2026-11-23": the calendar day of an instant in a zone. */
export function dayIn(at: Date, zone: string): string {
  const parts = Object.fromEntries(
    clockOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const two = (value: string | undefined) => (value ?? '').padStart(2, '0')
  return `${parts.year}-${two(parts.month)}-${two(parts.day)}`
}
