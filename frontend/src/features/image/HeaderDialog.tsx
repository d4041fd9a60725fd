import { useMemo, useRef, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { messageOf } from '@/shared/api/client'
import type { ImageDetail } from '@/shared/api/types'
import { formatCount } from '@/shared/format/numbers'
import { Dialog } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { Skeleton } from '@/shared/ui/Skeleton'
import { type HeaderRow, type Keywords, rowsOfHeader, searchRows } from './header'
import styles from './HeaderDialog.module.css'
import { headerQuery } from './queries'

/** DICOM's dictionary is large and seldom needed: it comes with the dialog, not with the page. */
const keywordsQuery = {
  queryKey: ['dicom-keywords'],
  queryFn: async (): Promise<Keywords> => (await import('./dicomKeywords.json')).default,
  staleTime: Number.POSITIVE_INFINITY,
}

export function HeaderDialog({ image, onClose }: { image: ImageDetail; onClose: () => void }) {
  return (
    <Dialog isOpen onClose={onClose} title="DICOM header" isWide>
      <HeaderView image={image} />
    </Dialog>
  )
}

/** The whole header, searchable. */
export function HeaderView({ image }: { image: ImageDetail }) {
  const { data: header, error } = useQuery(headerQuery(image))
  const { data: keywords } = useQuery(keywordsQuery)
  const [text, setText] = useState('')
  const rows = useMemo(() => (header ? rowsOfHeader(header, keywords ?? {}) : []), [header, keywords])
  const found = useMemo(() => searchRows(rows, text), [rows, text])
  return (
    <>
      <Field
        label={header ? `Search ${formatCount(rows.length)} elements` : 'Search'}
        type="search"
        value={text}
        autoComplete="off"
        spellCheck={false}
        placeholder="Tag, keyword or value"
        onChange={(event) => setText(event.target.value)}
      />
      <p className="visually-hidden" aria-live="polite">
        {text ? `${found.length} found` : ''}
      </p>
      {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
      {header ? <HeaderTable rows={found} /> : error ? null : <Skeleton height="24rem" />}
    </>
  )
}

function HeaderTable({ rows }: { rows: readonly HeaderRow[] }) {
  const box = useRef<HTMLDivElement>(null)
  const rowHeight = 1.75 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  })
  if (rows.length === 0) return <p className={styles.none}>Nothing found.</p>
  return (
    <div
      ref={box}
      className={styles.box}
      tabIndex={0}
      role="table"
      aria-label="DICOM header"
      aria-rowcount={rows.length + 1}
    >
      <div className={`${styles.row} ${styles.head}`} role="row" aria-rowindex={1}>
        <span role="columnheader">Tag</span>
        <span role="columnheader">Keyword</span>
        <span role="columnheader">VR</span>
        <span role="columnheader">Value</span>
      </div>
      <div style={{ height: virtualizer.getTotalSize() }} className={styles.space} role="rowgroup">
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index]
          return row ? (
            <div
              key={row.path}
              className={`${styles.row} ${styles.line}`}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              role="row"
              aria-rowindex={item.index + 2}
            >
              <span role="cell">
                <code>
                  {'› '.repeat(row.depth)}
                  {row.tag}
                </code>
              </span>
              <span role="cell" title={row.keyword}>
                {row.keyword}
              </span>
              <span role="cell">{row.vr}</span>
              <span role="cell" title={row.value}>
                {row.value}
              </span>
            </div>
          ) : null
        })}
      </div>
    </div>
  )
}
