/** The DICOM JSON model (PS3.18 F.2) as rows of a table. Pure. */

export interface DicomElement {
  vr: string
  Value?: readonly unknown[]
  /** Bulk data is not sent; its size is. */
  byteCount?: number
  InlineBinary?: string
  BulkDataURI?: string
}

export type DicomHeader = Readonly<Record<string, DicomElement>>

export interface HeaderRow {
  /** Unique: the path of tags and item numbers from the top. */
  path: string
  depth: number
  tag: string
  keyword: string
  vr: string
  value: string
}

export type Keywords = Readonly<Record<string, string>>

/** Deep nesting is an attack or a mistake; nobody reads it. */
const DEEPEST = 8

export function rowsOfHeader(header: DicomHeader, keywords: Keywords): HeaderRow[] {
  const rows: HeaderRow[] = []
  collect(header, keywords, '', 0, rows)
  return rows
}

function collect(
  header: DicomHeader,
  keywords: Keywords,
  path: string,
  depth: number,
  rows: HeaderRow[],
): void {
  for (const tag of Object.keys(header).sort()) {
    const element = header[tag]
    if (!element) continue
    const own = `${path}/${tag}`
    rows.push({
      path: own,
      depth,
      tag: `(${tag.slice(0, 4)},${tag.slice(4)})`.toUpperCase(),
      keyword: keywords[tag.toUpperCase()] ?? (isPrivate(tag) ? 'private' : ''),
      vr: element.vr,
      value: valueText(element),
    })
    if (element.vr === 'SQ' && depth < DEEPEST) {
      ;(element.Value ?? []).forEach((item, index) => {
        if (isHeader(item)) collect(item, keywords, `${own}/${index + 1}`, depth + 1, rows)
      })
    }
  }
}

function isPrivate(tag: string): boolean {
  return Number.parseInt(tag.slice(0, 4), 16) % 2 === 1
}

function isHeader(value: unknown): value is DicomHeader {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function valueText(element: DicomElement): string {
  if (element.byteCount !== undefined) return `${element.byteCount} bytes`
  if (element.InlineBinary !== undefined) return 'binary'
  const values = element.Value ?? []
  if (element.vr === 'SQ') return values.length === 1 ? '1 item' : `${values.length} items`
  return values.map(oneValue).join(' \\ ')
}

function oneValue(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'object' && 'Alphabetic' in value) return String(value.Alphabetic)
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

/** All words must be found, in tag, keyword or value; "00181063" finds (0018,1063). */
export function searchRows(rows: readonly HeaderRow[], text: string): readonly HeaderRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter((row) => {
    const plainTag = row.tag.replace(/[(),]/g, '')
    const hay = `${row.tag} ${plainTag} ${row.keyword} ${row.vr} ${row.value}`.toLowerCase()
    return words.every((word) => hay.includes(word))
  })
}
