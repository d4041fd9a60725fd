import { formatCount, megabytes } from '@/shared/format/numbers'
import { Panel } from '@/shared/ui/Panel'
import table from '@/shared/ui/Table.module.css'
import styles from './AnalyticsPage.module.css'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import type { FileTypeRow } from './types'
import { fileTypeName, megabytesOrDash } from './words'

/** Count, size, average, smallest and largest of each type, and of all. */
export function FileTypesTable({ rows, csv }: { rows: FileTypeRow[]; csv: string }) {
  const total = totalOf(rows)
  return (
    <Panel
      title="File-type statistics"
      actions={
        <PanelActs>
          <CsvLink href={csv} what="File-type statistics" />
        </PanelActs>
      }
    >
      <div className={table.wrap} tabIndex={0} role="region" aria-label="File-type statistics, table">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col" className={table.number}>
                Images
              </th>
              {['Size', 'Average', 'Smallest', 'Largest'].map((name) => (
                <th key={name} scope="col" className={table.number}>
                  {name} <span className="unit">MB</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...rows, total].map((row) => (
              <tr key={row.fileType} className={row.fileType === 'all' ? styles.total : undefined}>
                <td>{row.fileType === 'all' ? 'All' : fileTypeName(row.fileType)}</td>
                <td className={table.number}>{formatCount(row.images)}</td>
                <td className={table.number}>{megabytes(row.totalBytes)}</td>
                <td className={table.number}>{megabytesOrDash(row.averageBytes)}</td>
                <td className={table.number}>{megabytesOrDash(row.minBytes)}</td>
                <td className={table.number}>{megabytesOrDash(row.maxBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

export function totalOf(rows: readonly FileTypeRow[]): FileTypeRow {
  const images = rows.reduce((sum, row) => sum + row.images, 0)
  const totalBytes = rows.reduce((sum, row) => sum + row.totalBytes, 0)
  const known = (values: (number | null)[]) => values.filter((value) => value !== null)
  const smallest = known(rows.map((row) => row.minBytes))
  const largest = known(rows.map((row) => row.maxBytes))
  return {
    fileType: 'all',
    images,
    totalBytes,
    averageBytes: images === 0 ? null : totalBytes / images,
    minBytes: smallest.length === 0 ? null : Math.min(...smallest),
    maxBytes: largest.length === 0 ? null : Math.max(...largest),
  }
}
