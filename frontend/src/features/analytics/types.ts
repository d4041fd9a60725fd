import type { ImageSummary, Role } from '@/shared/api/types'

/** A range of local days, and the instants between which was counted. */
export interface Range {
  from: string
  to: string
  days: number
  tz: string
  fromAt: string
  toAt: string
  asOf: string
  partial: boolean
}

export interface PreviousRange extends Range {
  untilAt: string
}

/** Null is unknown, never nothing. */
export interface Value {
  value: number | null
  previous: number | null
}

export interface UploadDay {
  day: string
  uploads: number
  bytes: number
  partial: boolean
}

export interface ActivityDay {
  day: string
  views: number | null
  uploads: number | null
  downloads: number | null
  logins: number | null
  deletes: number | null
  activeUsers?: number | null
  partial: boolean
}

export interface StorageDay {
  day: string
  bytes: number
  images: number
  partial: boolean
}

export interface FileTypeShare {
  fileType: string
  images: number
  bytes: number
}

export interface FileTypeRow {
  fileType: string
  images: number
  totalBytes: number
  averageBytes: number | null
  minBytes: number | null
  maxBytes: number | null
}

export interface ViewedImage {
  imageId: number
  views: number
  viewers: number | null
  lastViewedAt: string | null
  originalName: string
  fileType: string
  laterality: string | null
  viewPosition: string | null
  createdAt: string
  links: ImageSummary['links']
}

export interface Activity {
  id: number
  createdAt: string
  userId: number | null
  userName: string | null
  userEmail: string | null
  type: string
  resourceType: string | null
  resourceId: number | null
  metadata: Record<string, unknown>
  network: string | null
  userAgent: string | null
}

export interface ActivityPage {
  activities: Activity[]
  nextCursor: string | null
  prevCursor: string | null
  hasMore: boolean
  limit: number
}

export interface Dashboard {
  range: Range
  previous: PreviousRange | null
  knownFrom: string | null
  summary: {
    images: Value
    newUploads: Value
    users: Value
    activeUsers: Value
    views: Value
    storageBytes: Value
  }
  charts: {
    uploads: UploadDay[]
    activity: ActivityDay[]
    fileTypes: FileTypeShare[]
    storage: StorageDay[]
  }
  tables: { fileTypes: FileTypeRow[]; mostViewed: ViewedImage[]; recent: Activity[] }
  computedAt: string
}

export interface UserAnalytics {
  user: {
    id: number
    name: string
    email: string
    role: Role
    createdAt: string
    lastActivityAt: string | null
  }
  range: Range
  previous: PreviousRange | null
  summary: {
    uploads: Value
    views: Value
    downloads: Value
    logins: Value
    imagesOwned: number
    storageBytes: number
    viewSeconds: Value
  }
  activity: ActivityDay[]
  mostViewed: ViewedImage[]
  recent: Activity[]
}

/** `key` null: not in the header. */
export interface BreakdownPart {
  key: string | null
  images: number
  bytes: number
}

export interface Breakdown {
  range: Range
  byModality: BreakdownPart[]
  bySide: BreakdownPart[]
  byStation: BreakdownPart[]
}

export interface ProcessingDay {
  day: string
  completed: number
  failed: number
  rejected: number
  medianSeconds: number | null
  p95Seconds: number | null
}

export interface Processing {
  range: Range
  days: ProcessingDay[]
  reasons: { code: string | null; status: string; count: number }[]
}

export interface CohortWeek {
  week: string
  startsOn: string
  users: number
  active: (number | null)[]
}

export interface Cohorts {
  weeks: CohortWeek[]
  tz: string
}

/** What the stream tells, as it happens. */
export interface Totals {
  images: number
  users: number
  activeToday: number
  viewsToday: number
  uploadsToday: number
  storageBytes: number
  asOf: string
}
