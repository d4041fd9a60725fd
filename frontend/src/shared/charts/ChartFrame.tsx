import { type ReactNode, useState } from 'react'
import { ChartLine, FileDown, Table2 } from 'lucide-react'
import { IconButton, iconButtonClass } from '@/shared/ui/Button'
import { Panel } from '@/shared/ui/Panel'
import { Tooltip } from '@/shared/ui/Tooltip'
import styles from './Chart.module.css'

interface ChartFrameProps {
  title: string
  /** Where the same numbers are as a file. */
  csv: string
  /** How to read the colours. */
  legend: ReactNode
  drawing: ReactNode
  table: ReactNode
  note?: string
  /** So many rows that a second, hidden table for screen readers would make the page slow. */
  isLong?: boolean
}

/** A chart, its table and its file. Both ways of showing have the same size, so that nothing jumps. */
export function ChartFrame({ title, csv, legend, drawing, table, note, isLong }: ChartFrameProps) {
  const [isTable, setTable] = useState(false)
  return (
    <Panel
      title={title}
      actions={
        <PanelActs>
          <IconButton
            label={isTable ? `${title} as a chart` : `${title} as a table`}
            onClick={() => setTable(!isTable)}
          >
            {isTable ? <ChartLine /> : <Table2 />}
          </IconButton>
          <CsvLink href={csv} what={title} />
        </PanelActs>
      }
    >
      <div className={styles.body}>
        {isTable ? (
          <div className={styles.scroll} tabIndex={0} role="region" aria-label={`${title}, table`}>
            {table}
          </div>
        ) : (
          <>
            <div className={styles.legend}>{legend}</div>
            {drawing}
            {isLong ? null : <div className="visually-hidden">{table}</div>}
          </>
        )}
      </div>
      <p className={styles.note}>{note}</p>
    </Panel>
  )
}

/** Small acts in the head of a panel; they make it no higher, and are not for paper. */
export function PanelActs({ children }: { children: ReactNode }) {
  return <div className={`${styles.acts} no-print`}>{children}</div>
}

export function CsvLink({ href, what }: { href: string; what: string }) {
  return (
    <Tooltip label={`${what} as CSV`}>
      <a className={iconButtonClass()} href={href} download aria-label={`${what} as CSV`}>
        <FileDown aria-hidden="true" />
      </a>
    </Tooltip>
  )
}

interface LegendKeyProps {
  token: string
  children: ReactNode
}

/** The swatch is a drawing, so that it is printed too. */
export function LegendKey({ token, children }: LegendKeyProps) {
  return (
    <span className={styles.key}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <circle cx="5" cy="5" r="5" style={{ fill: `var(${token})` }} />
      </svg>
      {children}
    </span>
  )
}
