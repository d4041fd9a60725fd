import { useSearch } from '@tanstack/react-router'
import type { GallerySearch } from '@/shared/api/imageFilters'
import { PageHead } from '@/shared/ui/PageHead'
import { ExamsView } from './ExamsView'
import styles from './GalleryPage.module.css'
import { ImagesView } from './ImagesView'
import { ViewSwitch } from './ViewSwitch'

/** Images and exams are two views of one grid, with their filters and the place in the URL. */
export function GalleryPage() {
  const search: GallerySearch = useSearch({ from: '/frame/' })
  const isExams = search.show === 'exams'
  return (
    <div className={styles.page}>
      <PageHead
        key={isExams ? 'exams' : 'images'}
        title={isExams ? 'Exams' : 'Gallery'}
        actions={<ViewSwitch search={search} />}
      />
      {isExams ? <ExamsView search={search} /> : <ImagesView search={search} />}
    </div>
  )
}
