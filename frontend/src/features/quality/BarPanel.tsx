import { useContext, useMemo } from 'react'
import { ChartCanvas } from '@/shared/charts/ChartCanvas'
import chart from '@/shared/charts/Chart.module.css'
import { ChartFrame, LegendKey } from '@/shared/charts/ChartFrame'
import { formatCount } from '@/shared/format/numbers'
import type { Behind, Bin, Spread } from './api'
import { Count, DrillContext } from './Count'
import { NumbersTable } from './NumbersTable'
import { barParts, binInWords } from './parts'
import { leftOut, measure } from './words'

interface BarPanelProps {
  title: string
  /** "Compression force, N" */
  unit: string
  token: string
  bins: Bin[]
  spread: Spread
  csv: string
  what: string
  behind: (bin: Bin) => Behind
}

/** How often a value was met. */
export function BarPanel({ title, unit, token, bins, spread, csv, what, behind }: BarPanelProps) {
  const drill = useContext(DrillContext)
  const parts = useMemo(
    () => barParts(bins, unit, token, (bin) => drill(`Exposures of ${binInWords(bin, unit)}`, behind(bin))),
    [bins, unit, token, drill, behind],
  )
  const heads = [unit, 'Exposures']
  const rows = (hasExams: boolean) =>
    bins.map((bin) => {
      const words = binInWords(bin, unit)
      return {
        key: String(bin.from),
        cells: [
          words,
          hasExams ? (
            <Count key="exams" value={bin.exposures} title={`Exposures of ${words}`} behind={behind(bin)} />
          ) : (
            formatCount(bin.exposures)
          ),
        ],
      }
    })
  return (
    <ChartFrame
      title={title}
      csv={csv}
      isLong
      note={leftOut(spread.missing, spread.implausible, what)}
      legend={
        <LegendKey token={token}>
          {spread.p50 === null ? (
            'Exposures'
          ) : (
            <span>
              Median <strong className="tabular">{measure(spread.p50)}</strong>, quartiles{' '}
              <strong className="tabular">
                {measure(spread.p25)} and {measure(spread.p75)}
              </strong>
            </span>
          )}
        </LegendKey>
      }
      drawing={
        bins.length === 0 ? (
          <div className={chart.nothing}>No exposure of these days tells its {what}.</div>
        ) : (
          <>
            <ChartCanvas
              label={`${title}: ${formatCount(spread.known)} exposures, median ${measure(spread.p50)}. The numbers are in the table.`}
              parts={parts}
            />
            <div className="visually-hidden">
              <NumbersTable caption={title} heads={heads} rows={rows(false)} />
            </div>
          </>
        )
      }
      table={<NumbersTable caption={title} heads={heads} rows={rows(true)} />}
    />
  )
}
