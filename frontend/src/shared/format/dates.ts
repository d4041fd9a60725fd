const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function twoDigits(value: number): string {
  return value.toString().padStart(2, '0')
}

/** "23 Nov 2026", in the reader's own time zone. */
export function formatDate(iso: string | null | undefined): string {
  const date = parse(iso)
  return date ? `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}` : '–'
}

/** "23 Nov 2026, 14:05", in the reader's own time zone. */
export function formatDateTime(iso: string | null | undefined): string {
  const date = parse(iso)
  return date ? `${formatDate(iso)}, ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}` : '–'
}

export function formatTimeWithSeconds(iso: string): string {
  const date = parse(iso)
  if (!date) return '–'
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`
}

/** "2026-11-23": the reader's calendar day, for grouping. */
export function dayKey(iso: string): string {
  const date = parse(iso)
  if (!date) return ''
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`
}

/** Heads a group of images: "Today, 23 Nov 2026". The relative word only beside the date itself. */
export function formatDayHeading(day: string, now = new Date()): string {
  const iso = `${day}T12:00:00`
  const date = formatDate(iso)
  if (day === dayKey(now.toISOString())) return `Today, ${date}`
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1, 12)
  if (day === dayKey(yesterday.toISOString())) return `Yesterday, ${date}`
  return date
}

/** "3 minutes ago"; always shown beside the absolute time. */
export function formatAgo(iso: string | null | undefined, now = new Date()): string {
  const date = parse(iso)
  if (!date) return ''
  const seconds = Math.max(0, (now.getTime() - date.getTime()) / 1000)
  if (seconds < 60) return 'just now'
  const steps: [number, string][] = [
    [60, 'minute'],
    [24, 'hour'],
    [365, 'day'],
    [Number.POSITIVE_INFINITY, 'year'],
  ]
  let value = seconds / 60
  for (const [next, word] of steps) {
    if (value < next) {
      const whole = Math.floor(value)
      return `${whole} ${word}${whole === 1 ? '' : 's'} ago`
    }
    value /= next
  }
  return ''
}

function parse(iso: string | null | undefined): Date | null {
  if (!iso) return null
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? null : date
}
