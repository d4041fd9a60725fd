import { useMemo } from 'react'
import { useQuery } from '@tanstack/react-query'
import { formatCount } from '@/shared/format/numbers'
import { warningInWords } from '@/shared/format/image'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import table from '@/shared/ui/Table.module.css'
import styles from './AnalyticsPage.module.css'
import type { RangeQuery } from '@/shared/range/rangeSearch'
import { csvLink, processingQuery } from './api'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import { DayChartPanel } from './DayChartPanel'
import { dayChart, sumOf } from './series'
import type { Processing } from './types'
import { Unread } from '@/shared/ui/Unread'

const inSeconds = (value: number) => value.toFixed(1)

/** How long it takes from upload to picture, and why some have none. */
export function ProcessingPanels({ range }: { range: RangeQuery }) {
  const { data, error, refetch } = useQuery(processingQuery(range))
  if (error && !data) {
    return (
      <Panel title="Processing">
        <Unread what="Processing" error={error} hasOld={false} onAgain={() => void refetch()} />
      </Panel>
    )
  }
  if (!data) return <Skeleton height="24rem" />
  return (
    <div className={styles.charts}>
      <Times data={data} range={range} />
      <Reasons data={data} range={range} error={error} onAgain={() => void refetch()} />
    </div>
  )
}

function Times({ data, range }: { data: Processing; range: RangeQuery }) {
  const chart = useMemo(() => {
    const last = data.range.partial ? data.range.to : ''
    const points = data.days.map((day) => ({ ...day, partial: day.day === last }))
    return dayChart('seconds', points, { from: null, tz: data.range.tz }, [
      { key: 'median', label: 'Median', token: '--series-uploads', of: (day) => day.medianSeconds },
      { key: 'p95', label: '95 of 100 within', token: '--series-downloads', of: (day) => day.p95Seconds },
    ])
  }, [data])
  return (
    <DayChartPanel
      title="Processing times"
      chart={chart}
      csv={csvLink('processing', { ...range, panel: 'days' })}
      nothing="Nothing was processed in these days."
      unknown="Nothing was processed in these days."
      note="From upload to picture. Days without a picture are gaps."
      format={inSeconds}
      isStock
      isLatestHidden
    />
  )
}

interface ReasonsProps {
  data: Processing
  range: RangeQuery
  error: Error | null
  onAgain: () => void
}

function Reasons({ data, range, error, onAgain }: ReasonsProps) {
  const done = (of: 'completed' | 'failed' | 'rejected') =>
    formatCount(sumOf(data.days.map((day) => day[of])) ?? 0)
  return (
    <Panel
      title="Failures and rejections"
      actions={
        <PanelActs>
          <CsvLink
            href={csvLink('processing', { ...range, panel: 'reasons' })}
            what="Failures and rejections"
          />
        </PanelActs>
      }
    >
      {error ? <Unread what="Processing" error={error} hasOld onAgain={onAgain} /> : null}
      <p className={styles.quiet}>
        {done('completed')} completed, {done('failed')} failed, {done('rejected')} rejected.
      </p>
      {data.reasons.length === 0 ? (
        <p className={styles.empty}>Nothing failed in these days.</p>
      ) : (
        <div
          className={`${table.wrap} ${styles.parts}`}
          tabIndex={0}
          role="region"
          aria-label="Reasons, table"
        >
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Reason</th>
                <th scope="col">State</th>
                <th scope="col" className={table.number}>
                  Jobs
                </th>
              </tr>
            </thead>
            <tbody>
              {data.reasons.map(({ code, status, count }) => (
                <tr key={`${code} ${status}`}>
                  <td className={table.clip} title={code ?? undefined}>
                    {code === null ? 'No reason recorded' : warningInWords(code)}
                  </td>
                  <td>{status}</td>
                  <td className={table.number}>{formatCount(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
