import { type ReactNode, useEffect, useRef } from 'react'
import styles from './PageHead.module.css'

interface PageHeadProps {
  title: string
  /** Goes into the browser's tab; patient names never do. */
  tabTitle?: string
  lead?: ReactNode
  actions?: ReactNode
}

let isFirstPage = true

/** The h1 of a page. After a change of page it takes the focus, so that a screen reader says where one is. */
export function PageHead({ title, tabTitle, lead, actions }: PageHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = tabTitle ?? title
  useEffect(() => {
    document.title = `${shown} · Mammogram Viewer`
  }, [shown])
  useEffect(() => {
    const isUntouched = document.activeElement === null || document.activeElement === document.body
    if (!isFirstPage && isUntouched) heading.current?.focus({ preventScroll: true })
    isFirstPage = false
  }, [])
  return (
    <header className={styles.head}>
      <div className={styles.words}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead ? <div className={styles.lead}>{lead}</div> : null}
      </div>
      {actions ? <div className={styles.actions}>{actions}</div> : null}
    </header>
  )
}
