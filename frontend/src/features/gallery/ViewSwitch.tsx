import { Link } from '@tanstack/react-router'
import { Images, Layers } from 'lucide-react'
import type { GallerySearch } from '@/shared/api/imageFilters'
import styles from './ViewSwitch.module.css'

/** Both links have the same path: only together with its search one is that of the page shown. */
const EXACTLY = { exact: true, includeSearch: true, explicitUndefined: true }

/** The same filters, seen as images or as exams. */
export function ViewSwitch({ search }: { search: GallerySearch }) {
  const isExams = search.show === 'exams'
  return (
    <nav className={styles.switch} aria-label="Views of the gallery">
      <Link
        to="/"
        search={{ ...search, show: undefined, at: undefined }}
        className={styles.choice}
        activeOptions={EXACTLY}
        aria-current={isExams ? undefined : 'page'}
      >
        <Images aria-hidden="true" />
        Images
      </Link>
      <Link
        to="/"
        search={{ ...search, show: 'exams', at: undefined, studyId: undefined, fileType: undefined }}
        className={styles.choice}
        activeOptions={EXACTLY}
        aria-current={isExams ? 'page' : undefined}
      >
        <Layers aria-hidden="true" />
        Exams
      </Link>
    </nav>
  )
}
