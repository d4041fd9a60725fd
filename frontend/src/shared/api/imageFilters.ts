import type { FileType, ImageStatus } from '@/shared/api/types'

/** The filters of the image list, as they stand in the URL of the gallery and of an image opened from it. */
export interface ImageFilters {
  status?: ImageStatus
  fileType?: FileType
  laterality?: string
  view?: string
  modality?: string
  studyId?: string
  userId?: string
  from?: string
  to?: string
  q?: string
}

const NAMES = [
  'status',
  'fileType',
  'laterality',
  'view',
  'modality',
  'studyId',
  'userId',
  'from',
  'to',
  'q',
] as const satisfies readonly (keyof ImageFilters)[]

const ALLOWED: Partial<Record<keyof ImageFilters, readonly string[]>> = {
  status: ['pending', 'processing', 'ready', 'rejected', 'failed'],
  fileType: ['dicom', 'png', 'jpeg', 'tiff'],
}

/** Keeps what is known and well-formed; anything else in a URL is ignored rather than an error page. */
export function readImageFilters(search: Record<string, unknown>): ImageFilters {
  const filters: Record<string, string> = {}
  for (const name of NAMES) {
    const value = search[name]
    if (typeof value !== 'string' || value.trim() === '') continue
    if (ALLOWED[name] && !ALLOWED[name].includes(value)) continue
    filters[name] = value
  }
  return filters
}

/** The same filters give the same key, whatever their order in the URL. */
export function filtersKey(filters: ImageFilters): string {
  return NAMES.map((name) => filters[name] ?? '').join('\n')
}

export function countFilters(filters: ImageFilters): number {
  return NAMES.filter((name) => filters[name] !== undefined).length
}

/** The address of the gallery: its filters, which of its two views, and the place that is looked at. */
export interface GallerySearch extends ImageFilters {
  /** Exams; without it, images. */
  show?: 'exams'
  /** Days of the exam itself, for the view of exams. */
  studyFrom?: string
  studyTo?: string
  /** Cursor of the first tile in view; without it, the newest. Kept as it came: the gallery says what is wrong with it. */
  at?: string
}

export function readGallerySearch(search: Record<string, unknown>): GallerySearch {
  const { show, studyFrom, studyTo, at } = search
  const found: GallerySearch = readImageFilters(search)
  if (show === 'exams') found.show = show
  if (isDay(studyFrom)) found.studyFrom = studyFrom
  if (isDay(studyTo)) found.studyTo = studyTo
  if (typeof at === 'string' && at !== '') found.at = at
  return found
}

function isDay(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)
}

/** For the server: the days of the URL are the reader's own, from midnight to midnight. */
export function toListQuery(filters: ImageFilters): Record<string, string | undefined> {
  return { ...filters, from: startOfDay(filters.from, 0), to: startOfDay(filters.to, 1) }
}

function startOfDay(day: string | undefined, later: number): string | undefined {
  const [year, month, date] = (day ?? '').split('-').map(Number)
  if (!year || !month || !date) return undefined
  return new Date(year, month - 1, date + later).toISOString()
}
