import type { ReactNode } from 'react'
import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import styles from './Notice.module.css'

type NoticeKind = 'failed' | 'working' | 'ready' | 'plain'

const ICONS = { failed: CircleAlert, working: TriangleAlert, ready: CircleCheck, plain: Info }

interface NoticeProps {
  kind: NoticeKind
  title?: string
  children?: ReactNode
  action?: ReactNode
}

/** What happened, whether anything was lost, what to do next. */
export function Notice({ kind, title, children, action }: NoticeProps) {
  const Icon = ICONS[kind]
  return (
    <div className={`${styles.notice} ${styles[kind]}`} role={kind === 'failed' ? 'alert' : 'status'}>
      <Icon aria-hidden="true" />
      <div className={styles.words}>
        {title ? <strong>{title}</strong> : null}
        {children ? <div>{children}</div> : null}
      </div>
      {action}
    </div>
  )
}
