/** The months of a list, as the scrubber has them: steps of one calendar month of the reader. */
export interface Month {
  year: number
  /** 0 for January. */
  month: number
}

export function monthOf(atMilliseconds: number): Month {
  const date = new Date(atMilliseconds)
  return { year: date.getFullYear(), month: date.getMonth() }
}

/** How many months `a` is after `b`. */
export function monthsBetween(a: Month, b: Month): number {
  return (a.year - b.year) * 12 + a.month - b.month
}

export function monthAfter({ year, month }: Month, count: number): Month {
  const all = year * 12 + month + count
  return { year: Math.floor(all / 12), month: ((all % 12) + 12) % 12 }
}

/** When the month is over: the list of what is older begins with its last day. */
export function endOf({ year, month }: Month): Date {
  return new Date(year, month + 1, 1)
}

const NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

export function monthInWords({ year, month }: Month): string {
  return `${NAMES[month]} ${year}`
}

export interface Mark {
  year: number
  /** Of the height of the whole, 0 at the newest month. */
  share: number
}

/** The years that have room for their number, the newest always. */
export function yearMarks(newest: Month, oldest: Month, mostMarks: number): Mark[] {
  const count = monthsBetween(newest, oldest)
  if (count <= 0) return [{ year: newest.year, share: 0 }]
  const years = newest.year - oldest.year
  const step = Math.max(1, Math.ceil(years / Math.max(1, mostMarks - 1)))
  const marks: Mark[] = [{ year: newest.year, share: 0 }]
  for (let year = newest.year - step; year >= oldest.year; year -= step) {
    const share = monthsBetween(newest, { year, month: 11 }) / count
    if (share <= 1) marks.push({ year, share })
  }
  return marks
}
