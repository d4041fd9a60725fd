import { useMemo } from 'react'
import type { ChartConfiguration, TooltipItem } from 'chart.js'
import { ChartCanvas } from '@/shared/charts/ChartCanvas'
import type { ChartTheme } from '@/shared/charts/theme'
import { formatCount, megabytes } from '@/shared/format/numbers'
import table from '@/shared/ui/Table.module.css'
import styles from '@/shared/charts/Chart.module.css'
import { ChartFrame, LegendKey } from '@/shared/charts/ChartFrame'
import type { FileTypeShare } from './types'
import { fileTypeName } from './words'

const tokenOf = (fileType: string) => `--type-${fileType}`

/** Which types of files are there now, by the number of images. */
export function FileTypesChart({ shares, csv }: { shares: FileTypeShare[]; csv: string }) {
  const total = shares.reduce((sum, { images }) => sum + images, 0)
  const parts = useMemo(() => doughnutParts(shares), [shares])
  return (
    <ChartFrame
      title="File types"
      csv={csv}
      note="What is there now, whatever days are chosen."
      legend={
        <span>
          Images <strong className="tabular">{formatCount(total)}</strong>
        </span>
      }
      drawing={
        total === 0 ? (
          <div className={styles.nothing}>No images yet.</div>
        ) : (
          <div className={styles.round}>
            <ChartCanvas
              label={`File types: ${inWords(shares, total)}`}
              parts={parts}
              className={styles.ring}
            />
            <ul className={styles.shares}>
              {shares.map(({ fileType, images }) => (
                <li key={fileType}>
                  <LegendKey token={tokenOf(fileType)}>{fileTypeName(fileType)}</LegendKey>
                  <span className="tabular">{formatCount(images)}</span>
                  <span className="unit tabular">{percentOf(images, total)}</span>
                </li>
              ))}
            </ul>
          </div>
        )
      }
      table={<ShareTable shares={shares} total={total} />}
    />
  )
}

function percentOf(images: number, total: number): string {
  return total === 0 ? '–' : `${((100 * images) / total).toFixed(1)} %`
}

function inWords(shares: FileTypeShare[], total: number): string {
  return shares
    .map(({ fileType, images }) => `${fileTypeName(fileType)} ${percentOf(images, total)}`)
    .join(', ')
}

function ShareTable({ shares, total }: { shares: FileTypeShare[]; total: number }) {
  return (
    <table className={table.table}>
      <caption className="visually-hidden">File types</caption>
      <thead>
        <tr>
          <th scope="col">Type</th>
          <th scope="col" className={table.number}>
            Images
          </th>
          <th scope="col" className={table.number}>
            Share
          </th>
          <th scope="col" className={table.number}>
            Size <span className="unit">MB</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {shares.map(({ fileType, images, bytes }) => (
          <tr key={fileType}>
            <td>{fileTypeName(fileType)}</td>
            <td className={table.number}>{formatCount(images)}</td>
            <td className={table.number}>{percentOf(images, total)}</td>
            <td className={table.number}>{megabytes(bytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function doughnutParts(shares: FileTypeShare[]) {
  return (theme: ChartTheme): Pick<ChartConfiguration<'doughnut'>, 'type' | 'data' | 'options'> => ({
    type: 'doughnut',
    data: {
      labels: shares.map(({ fileType }) => fileTypeName(fileType)),
      datasets: [
        {
          data: shares.map(({ images }) => images),
          backgroundColor: shares.map(({ fileType }) => theme.of(tokenOf(fileType))),
          borderColor: theme.panel,
          // A gap between parts; a whole ring has none.
          borderWidth: shares.filter(({ images }) => images > 0).length > 1 ? 2 : 0,
        },
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      cutout: '64%',
      plugins: {
        tooltip: {
          backgroundColor: theme.raised,
          borderColor: theme.line,
          borderWidth: 1,
          cornerRadius: 6,
          padding: 8,
          boxPadding: 4,
          bodyColor: theme.text,
          titleFont: { family: theme.font, size: 12 },
          bodyFont: { family: theme.font, size: 12 },
          callbacks: {
            label: ({ label, parsed }: TooltipItem<'doughnut'>) => `${label}: ${formatCount(parsed)} images`,
          },
        },
      },
    },
  })
}
