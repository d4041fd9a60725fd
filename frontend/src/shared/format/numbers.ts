const THIN_SPACE = '\u2009'
const NARROW_NO_BREAK = '\u202f'

/** 1234567 → "1 234 567", with thin spaces that do not break. Numbers of four digits are grouped too. */
export function formatCount(value: number): string {
  const rounded = Math.round(value)
  const digits = Math.abs(rounded).toString()
  const grouped = digits.replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_NO_BREAK)
  return rounded < 0 ? `−${grouped}` : grouped
}

/** Megabytes (10^6 bytes) with one decimal; anything above zero shows at least 0.1. */
export function megabytes(byteCount: number): string {
  const value = byteCount / 1_000_000
  const shown = byteCount > 0 ? Math.max(value, 0.1) : 0
  const [whole = '0', decimal = '0'] = shown.toFixed(1).split('.')
  return `${formatCount(Number(whole))}.${decimal}`
}

export function formatMegabytes(byteCount: number): string {
  return `${megabytes(byteCount)}${THIN_SPACE}MB`
}

/** For sentences: "1 image", "1 234 images". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** A duration that counts down: "8 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) {
    const rest = whole % 60
    return rest === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${rest} s`
  }
  const minutes = Math.round(whole / 60)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
