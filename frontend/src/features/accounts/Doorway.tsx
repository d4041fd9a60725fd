import type { ReactNode } from 'react'
import { PageHead } from '@/shared/ui/PageHead'
import styles from './Doorway.module.css'

/** The pages before one is inside: sign-in, registration, set-up. */
export function Doorway({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <main className={styles.doorway}>
      <div className={styles.card}>
        <div className={styles.mark}>
          <img src="/favicon.svg" alt="" width="32" height="32" />
          <span>Mammogram Viewer</span>
        </div>
        <PageHead title={title} lead={lead} />
        {children}
      </div>
    </main>
  )
}

export const formClass = styles.form ?? ''
export const footClass = styles.foot ?? ''
