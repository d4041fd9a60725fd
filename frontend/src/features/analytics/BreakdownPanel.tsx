import { useQuery } from '@tanstack/react-query'
import { formatCount, megabytes } from '@/shared/format/numbers'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import table from '@/shared/ui/Table.module.css'
import styles from './AnalyticsPage.module.css'
import type { RangeQuery } from '@/shared/range/rangeSearch'
import { breakdownQuery, csvLink } from './api'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import type { BreakdownPart } from './types'
import { Unread } from '@/shared/ui/Unread'

const SIDES: Record<string, string> = { R: 'Right', L: 'Left', B: 'Both' }
const NO_HEADER = 'Not in the header'

/** What came in these days, by what the headers say. */
export function BreakdownPanel({ range }: { range: RangeQuery }) {
  const { data, error, refetch } = useQuery(breakdownQuery(range))
  return (
    <Panel
      title="Uploads by modality, side and station"
      actions={
        <PanelActs>
          <CsvLink href={csvLink('uploads/breakdown', range)} what="Uploads by modality, side and station" />
        </PanelActs>
      }
    >
      {error ? (
        <Unread what="This part" error={error} hasOld={data !== undefined} onAgain={() => void refetch()} />
      ) : null}
      {data === undefined && !error ? <Skeleton height="14rem" /> : null}
      {data ? (
        <div className={styles.thirds}>
          <Parts title="Modality" parts={data.byModality} />
          <Parts title="Side" parts={data.bySide} nameOf={(key) => SIDES[key] ?? key} />
          <Parts title="Station" parts={data.byStation} />
        </div>
      ) : null}
    </Panel>
  )
}

interface PartsProps {
  title: string
  parts: BreakdownPart[]
  nameOf?: (key: string) => string
}

/** Bars tell shares at a glance; the numbers stand beside them. */
function Parts({ title, parts, nameOf = (key) => key }: PartsProps) {
  const most = Math.max(1, ...parts.map(({ images }) => images))
  return (
    <div
      className={`${table.wrap} ${styles.parts}`}
      tabIndex={0}
      role="region"
      aria-label={`By ${title.toLowerCase()}`}
    >
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col" className={table.number}>
              Images
            </th>
            <th scope="col" className={table.number}>
              Size <span className="unit">MB</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.length === 0 ? (
            <tr>
              <td colSpan={3}>None in these days</td>
            </tr>
          ) : null}
          {parts.map(({ key, images, bytes }) => (
            <tr key={key ?? ''}>
              <td className={`${table.clip} ${styles.barCell}`}>
                <span
                  className={styles.bar}
                  style={{ width: `${(100 * images) / most}%` }}
                  aria-hidden="true"
                />
                <span>{key === null ? NO_HEADER : nameOf(key)}</span>
              </td>
              <td className={table.number}>{formatCount(images)}</td>
              <td className={table.number}>{megabytes(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
