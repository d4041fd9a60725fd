import type { ReactNode } from 'react'
import table from '@/shared/ui/Table.module.css'

export interface NumbersRow {
  key: string
  /** The first names the row, the others are numbers. */
  cells: ReactNode[]
}

interface NumbersTableProps {
  caption: string
  heads: string[]
  rows: NumbersRow[]
}

export function NumbersTable({ caption, heads, rows }: NumbersTableProps) {
  return (
    <table className={table.table}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {heads.map((head, place) => (
            <th key={head} scope="col" className={place > 0 ? table.number : undefined}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {cells.map((cell, place) => (
              <td key={heads[place]} className={place > 0 ? `${table.number} tabular` : undefined}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
