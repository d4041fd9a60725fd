import { useMemo } from 'react'
import { formatCount, megabytes } from '@/shared/format/numbers'
import { csvLink } from './api'
import type { RangeQuery } from '@/shared/range/rangeSearch'
import styles from './AnalyticsPage.module.css'
import { DayChartPanel } from './DayChartPanel'
import { FileTypesChart } from './FileTypesChart'
import { dayChart, partialInWords } from './series'
import type { Dashboard, UserAnalytics } from './types'
import { sizeUnit } from './words'

const withADecimal = (value: number) => megabytes(value * 1_000_000)

/** Uploads, activity, file types and storage. */
export function DashboardCharts({ dashboard, query }: { dashboard: Dashboard; query: RangeQuery }) {
  const { charts, range, knownFrom } = dashboard
  const drawn = useMemo(() => chartsOf(dashboard), [dashboard])
  const note = range.partial ? partialInWords(range) : undefined
  const csv = (panel: string) => csvLink('dashboard', { ...query, panel })
  const isUnknown = knownFrom !== null && knownFrom > range.fromAt
  const unknownNote = isUnknown ? 'Days before anything was recorded are unknown: a gap, not zero.' : ''
  const words = [note, unknownNote].filter(Boolean).join(' ')
  return (
    <div className={styles.charts}>
      <DayChartPanel
        title="Uploads"
        chart={drawn.uploads}
        csv={csv('uploads')}
        nothing="No uploads in these days."
        note={words}
      />
      <DayChartPanel
        title="User activity"
        chart={drawn.activity}
        csv={csv('activity')}
        nothing="Nobody viewed, uploaded or downloaded in these days."
        note={words}
      />
      <FileTypesChart shares={charts.fileTypes} csv={csv('fileTypes')} />
      <DayChartPanel
        title="Storage"
        chart={drawn.storage}
        csv={csv('storage')}
        nothing="No originals are stored yet."
        note={words}
        format={withADecimal}
        isStock
      />
    </div>
  )
}

function chartsOf({ charts, knownFrom, range }: Dashboard) {
  const known = { from: knownFrom, tz: range.tz }
  const size = sizeUnit(Math.max(0, ...charts.storage.map((day) => day.bytes ?? 0)))
  return {
    uploads: dayChart('images', charts.uploads, known, [
      { key: 'uploads', label: 'Uploads', token: '--series-uploads', of: (day) => day.uploads },
    ]),
    activity: dayChart('events', charts.activity, known, [
      { key: 'views', label: 'Views', token: '--series-views', of: (day) => day.views },
      { key: 'uploads', label: 'Uploads', token: '--series-uploads', of: (day) => day.uploads },
      { key: 'downloads', label: 'Downloads', token: '--series-downloads', of: (day) => day.downloads },
    ]),
    storage: dayChart(size.unit, charts.storage, known, [
      {
        key: 'bytes',
        label: 'Originals',
        token: '--series-storage',
        of: (day) => (day.bytes === null ? null : day.bytes / size.bytes),
      },
    ]),
  }
}

/** Of a person: the same lines, on the same colours. */
export function PersonChart({
  activity,
  tz,
  note,
  csv,
}: {
  activity: UserAnalytics['activity']
  tz: string
  note?: string
  csv: string
}) {
  const chart = useMemo(
    () =>
      dayChart('events', activity, { from: null, tz }, [
        { key: 'views', label: 'Views', token: '--series-views', of: (day) => day.views },
        { key: 'uploads', label: 'Uploads', token: '--series-uploads', of: (day) => day.uploads },
        { key: 'downloads', label: 'Downloads', token: '--series-downloads', of: (day) => day.downloads },
      ]),
    [activity, tz],
  )
  return (
    <DayChartPanel
      title="Activity"
      chart={chart}
      csv={csv}
      nothing="Nothing viewed, uploaded or downloaded in these days."
      note={note}
      format={formatCount}
    />
  )
}
