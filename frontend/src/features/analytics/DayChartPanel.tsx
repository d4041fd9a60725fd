import { useMemo } from 'react'
import { ChartCanvas } from '@/shared/charts/ChartCanvas'
import { formatCount } from '@/shared/format/numbers'
import { formatDay } from '@/shared/format/zoned'
import table from '@/shared/ui/Table.module.css'
import styles from '@/shared/charts/Chart.module.css'
import { ChartFrame, LegendKey } from '@/shared/charts/ChartFrame'
import { lineParts } from './lineParts'
import { type DayChart, isAllUnknown, isAllZero, sumOf } from './series'
import { UNKNOWN } from './words'

const HIDDEN_ROWS_MAX = 100

interface DayChartPanelProps {
  title: string
  chart: DayChart
  csv: string
  /** Said in place of a line at zero. */
  nothing: string
  note?: string
  /** What is there at the end of a day cannot be added up. */
  isStock?: boolean
  /** The newest value says nothing about the days. */
  isLatestHidden?: boolean
  /** Said where no value is known. */
  unknown?: string
  format?: (value: number) => string
}

export function DayChartPanel({
  title,
  chart,
  csv,
  nothing,
  note,
  isStock = false,
  isLatestHidden = false,
  unknown = 'Nothing was recorded in these days yet.',
  format = formatCount,
}: DayChartPanelProps) {
  const parts = useMemo(() => lineParts(chart, format), [chart, format])
  const isNothing = isAllZero(chart)
  const isUnknown = isAllUnknown(chart)
  return (
    <ChartFrame
      title={title}
      csv={csv}
      note={note}
      isLong={chart.days.length > HIDDEN_ROWS_MAX}
      legend={chart.series.map((series) => {
        const shown = isStock
          ? (series.values.findLast((value) => value !== null) ?? null)
          : sumOf(series.values)
        return (
          <LegendKey key={series.key} token={series.token}>
            {series.label}{' '}
            {isLatestHidden ? null : (
              <strong className="tabular">{shown === null ? '–' : format(shown)}</strong>
            )}
          </LegendKey>
        )
      })}
      drawing={
        isNothing || isUnknown ? (
          <div className={styles.nothing}>{isUnknown ? unknown : nothing}</div>
        ) : (
          <ChartCanvas label={`${title}: ${summary(chart, format)}`} parts={parts} />
        )
      }
      table={<DayTable title={title} chart={chart} format={format} />}
    />
  )
}

function summary({ unit, days, series }: DayChart, format: (value: number) => string): string {
  const ends = series.map(({ label, values }) => {
    const known = values.filter((value) => value !== null)
    return known.length === 0
      ? `${label} ${UNKNOWN}`
      : `${label} between ${format(Math.min(...known))} and ${format(Math.max(...known))} ${unit}`
  })
  return `${days.length} days. ${ends.join('; ')}. The numbers are in the table.`
}

interface DayTableProps {
  title: string
  chart: DayChart
  format: (value: number) => string
}

function DayTable({ title, chart, format }: DayTableProps) {
  const last = chart.days.length - 1
  return (
    <table className={table.table}>
      <caption className="visually-hidden">
        {title}, {chart.unit}
      </caption>
      <thead>
        <tr>
          <th scope="col">Day</th>
          {chart.series.map(({ key, label }) => (
            <th key={key} scope="col" className={table.number}>
              {label} <span className="unit">{chart.unit}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {chart.days.map((day, index) => (
          <tr key={day} data-day={day}>
            <td>
              {formatDay(day)}
              {chart.isPartial && index === last ? <span className="unit"> partial</span> : null}
            </td>
            {chart.series.map(({ key, values }) => {
              const value = values[index] ?? null
              return (
                <td key={key} className={table.number}>
                  {value === null ? UNKNOWN : format(value)}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
