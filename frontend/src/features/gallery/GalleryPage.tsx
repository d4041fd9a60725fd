import { useEffect } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ArrowUp, Images, SearchX } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { countFilters } from '@/shared/api/imageFilters'
import { meQuery } from '@/shared/api/queries'
import { runCommand } from '@/shared/keys/commands'
import { Button } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Notice } from '@/shared/ui/Notice'
import { PageHead } from '@/shared/ui/PageHead'
import { FilterBar } from './FilterBar'
import styles from './GalleryPage.module.css'
import { openGallery, readNext, showNews, useGallery } from './galleryStore'
import { SelectionBar } from './SelectionBar'
import { TileWall } from './TileWall'
import { useRefresh } from './useRefresh'

export function GalleryPage() {
  const filters = useSearch({ from: '/frame/' })
  const { list, error, isReading, hasNews } = useGallery()
  useEffect(() => openGallery(filters), [filters])
  useRefresh()
  const isEmpty = list.isComplete && list.entries.length === 0
  return (
    <div className={styles.page}>
      <PageHead title="Gallery" />
      <FilterBar filters={filters} />
      {error ? (
        <Notice
          kind="failed"
          title="The list could not be read"
          action={<Button onClick={() => void readNext()}>Try again</Button>}
        >
          {messageOf(error)}
        </Notice>
      ) : null}
      {isEmpty ? countFilters(filters) > 0 ? <NothingFits /> : <NothingYet /> : null}
      {isEmpty ? null : <TileWall list={list} filters={filters} isReading={isReading} />}
      <div role="status">
        {hasNews ? (
          <Button className={styles.news} icon={<ArrowUp />} onClick={showNews}>
            New images
          </Button>
        ) : null}
      </div>
      <SelectionBar list={list} />
    </div>
  )
}

function NothingYet() {
  const { data: me } = useQuery(meQuery)
  if (!me?.capabilities.upload) {
    return (
      <EmptyState icon={<Images />} title="No images yet">
        Mammograms that others upload are shown here.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={<Images />}
      title="No images yet"
      actions={
        <>
          <Button kind="primary" onClick={() => runCommand('upload')}>
            Choose files
          </Button>
          <Button onClick={() => runCommand('upload-folder')}>Choose a folder</Button>
        </>
      }
    >
      <p>Drop mammograms anywhere on this page: DICOM, PNG, JPEG, TIFF, or ZIP files and folders of them.</p>
      <p>
        Only looking around? Run <code>mammogram-viewer demo</code> on the server to load demonstration
        images.
      </p>
    </EmptyState>
  )
}

function NothingFits() {
  const navigate = useNavigate()
  return (
    <EmptyState
      icon={<SearchX />}
      title="No image fits these filters"
      actions={<Button onClick={() => void navigate({ to: '/', search: {} })}>Clear filters</Button>}
    >
      Search finds the beginning of a patient id, a name or a file name.
    </EmptyState>
  )
}
