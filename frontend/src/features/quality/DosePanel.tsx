import { useContext, useMemo, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { SlidersHorizontal } from 'lucide-react'
import { ChartCanvas } from '@/shared/charts/ChartCanvas'
import chart from '@/shared/charts/Chart.module.css'
import { ChartFrame, LegendKey } from '@/shared/charts/ChartFrame'
import { formatCount, plural } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { csvLink, type Dose, doseQuery } from './api'
import { Count, DrillContext } from './Count'
import { CurvesDialog } from './CurvesDialog'
import { NumbersTable } from './NumbersTable'
import { Part } from './Part'
import { binInWords, curveToken, doseParts } from './parts'
import styles from './Quality.module.css'
import type { QualityQuery } from './qualitySearch'
import { leftOut, measure } from './words'

const TITLE = 'Dose by breast thickness'
const HEADS = ['Thickness', 'Exposures', 'P50 mGy', 'P75 mGy']

export function DosePanel({ query }: { query: QualityQuery }) {
  const answer = useQuery(doseQuery(query))
  return (
    <Part what="The doses" answer={answer} height="36rem">
      {(dose) => <DoseChart dose={dose} query={query} />}
    </Part>
  )
}

const behindBin = (bin: Dose['bins'][number]) => ({
  thicknessFrom: bin.from,
  thicknessTo: bin.to,
  doseFrom: 0,
})
const titleOf = (bin: Dose['bins'][number]) => `Exposures of ${binInWords(bin, 'mm')}`

function DoseChart({ dose, query }: { dose: Dose; query: QualityQuery }) {
  const drill = useContext(DrillContext)
  const [isEditing, setEditing] = useState(false)
  const parts = useMemo(
    () =>
      doseParts(dose, (place) => {
        const bin = dose.bins[place]
        if (bin) drill(titleOf(bin), behindBin(bin))
      }),
    [dose, drill],
  )
  return (
    <div className={styles.tall}>
      <ChartFrame
        title={TITLE}
        csv={csvLink('/dose', 'bins', query)}
        isLong
        legend={<DoseLegend dose={dose} />}
        note={noteOf(dose)}
        drawing={
          dose.charted === 0 ? (
            <div className={chart.nothing}>
              {dose.exposures === 0
                ? 'No mammograms were taken in these days.'
                : 'No exposure of these days tells both its dose and the thickness of the breast.'}
            </div>
          ) : (
            <>
              <ChartCanvas
                className={styles.tallBox}
                label={`${TITLE}: ${plural(dose.charted, 'exposure')}, with the median and the upper quartile of each ten millimetres. The numbers are in the table.`}
                parts={parts}
              />
              <div className="visually-hidden">
                <NumbersTable caption={TITLE} heads={HEADS} rows={rowsOf(dose, false)} />
              </div>
            </>
          )
        }
        table={<NumbersTable caption={TITLE} heads={HEADS} rows={rowsOf(dose, true)} />}
      />
      <div className={`${styles.under} no-print`}>
        <Button icon={<SlidersHorizontal />} onClick={() => setEditing(true)}>
          Reference curves
        </Button>
        {dose.exposures > 0 ? (
          <a href={csvLink('/dose', 'exposures', query)} download>
            All {plural(dose.exposures, 'exposure')} as CSV
          </a>
        ) : null}
      </div>
      <CurvesDialog isOpen={isEditing} onClose={() => setEditing(false)} />
    </div>
  )
}

function DoseLegend({ dose }: { dose: Dose }) {
  return (
    <div className={styles.legend}>
      <LegendKey token="--accent">
        Exposures <strong className="tabular">{formatCount(dose.charted)}</strong>
      </LegendKey>
      <LegendKey token="--text">P50 solid, P75 dashed</LegendKey>
      {dose.curves.map((curve, place) => (
        <LegendKey key={curve.name} token={curveToken(place)}>
          <span title={curve.source}>{curve.name}</span>
        </LegendKey>
      ))}
    </div>
  )
}

function noteOf(dose: Dose): string {
  return [
    dose.sampled
      ? `Points: a fixed sample of ${formatCount(dose.points.length)}; the lines are of all ${formatCount(dose.charted)}.`
      : '',
    leftOut(dose.missing, dose.implausible, 'dose or thickness'),
    'Reference curves are lines to compare a unit with, for PMMA-equivalent thickness where they say so. They say nothing of a single exposure.',
  ]
    .filter(Boolean)
    .join(' ')
}

function rowsOf(dose: Dose, hasExams: boolean) {
  return dose.bins.map((bin) => ({
    key: String(bin.from),
    cells: [
      binInWords(bin, 'mm'),
      hasExams ? (
        <Count key="exams" value={bin.exposures} title={titleOf(bin)} behind={behindBin(bin)} />
      ) : (
        formatCount(bin.exposures)
      ),
      measure(bin.p50, 2),
      measure(bin.p75, 2),
    ],
  }))
}
