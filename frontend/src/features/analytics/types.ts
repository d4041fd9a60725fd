/** The wire shapes under the names that these pages use; null is unknown, never nothing. */
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

export type Range = Schemas['AnalyticsRange']
export type Value = Schemas['Value']
export type Dashboard = Schemas['Dashboard']
export type FileTypeShare = Schemas['FileTypeShare']
/** Of one type, or "all" of them. */
export type FileTypeRow = Omit<Schemas['FileTypeStatistics'], 'fileType'> & { fileType: string }
export type ViewedImage = Schemas['MostViewedImage']
export type Activity = Schemas['Activity']
export type ActivityPage = Schemas['ActivityPage']
export type UserAnalytics = Schemas['UserAnalytics']
export type BreakdownPart = Schemas['BreakdownPart']
export type Breakdown = Schemas['UploadBreakdown']
export type Processing = Schemas['Processing']
export type CohortWeek = Schemas['CohortWeek']
export type Cohorts = Schemas['Cohorts']

/** Event `totals` of the stream: what is there now, and what today has brought so far. */
export interface Totals {
  images: number
  users: number
  activeToday: number
  viewsToday: number
  uploadsToday: number
  storageBytes: number
  asOf: string
}
