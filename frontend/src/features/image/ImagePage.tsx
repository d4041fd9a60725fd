import { useEffect, useMemo, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { CloudOff, SearchX } from 'lucide-react'
import { calmly } from '@/shared/api/calmly'
import { ApiProblem, messageOf } from '@/shared/api/client'
import { onImages } from '@/shared/api/imageEvents'
import { type ImageFilters, readImageFilters } from '@/shared/api/imageFilters'
import { onLive } from '@/shared/api/live'
import { reread } from '@/shared/api/queries'
import type { ImageDetail } from '@/shared/api/types'
import { describeImage, isDoseReport, sideAndView } from '@/shared/format/image'
import { useCommands } from '@/shared/keys/commands'
import { Button, buttonClass } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { PageHead } from '@/shared/ui/PageHead'
import { FactsPanel } from './FactsPanel'
import styles from './ImagePage.module.css'
import { type Picture, type PictureSearch, readPicture, toPictureSearch } from './picture'
import { imageQuery, neighboursQuery } from './queries'
import { ReadLink } from './ReadLink'
import { ReportStage } from './ReportStage'
import { Stage } from './Stage'

const CALM_MILLISECONDS = 500

export function ImagePage() {
  const { imageId } = useParams({ from: '/frame/images/$imageId' })
  const search = useSearch({ from: '/frame/images/$imageId' })
  const filters = useMemo(() => readImageFilters({ ...search }), [search])
  const { data: image, error, refetch } = useQuery(imageQuery(imageId))
  useRereadOnEvents(imageId)
  if (image) return <LoadedImage key={image.id} image={image} filters={filters} search={search} />
  if (error) return <NoImage error={error} filters={filters} onAgain={() => void refetch()} />
  return <div className={styles.page} role="status" aria-label="Loading the image" />
}

/** Its state and its job's story follow what happens, here and elsewhere. */
function useRereadOnEvents(imageId: string): void {
  useEffect(() => {
    const rereadImage = calmly(() => void reread(['image', imageId]), CALM_MILLISECONDS)
    const ends = [
      onImages((event) => {
        if (event.kind === 'changed' && event.imageIds.includes(Number(imageId))) rereadImage.ask()
      }),
      onLive('job', (job) => (job.imageId === Number(imageId) ? rereadImage.ask() : undefined)),
    ]
    return () => {
      rereadImage.stop()
      for (const end of ends) end()
    }
  }, [imageId])
}

interface NoImageProps {
  error: unknown
  filters: ImageFilters
  onAgain: () => void
}

function NoImage({ error, filters, onAgain }: NoImageProps) {
  const isMissing =
    error instanceof ApiProblem && (error.status === 404 || error.status === 422 || error.status === 400)
  const back = (
    <Link
      to="/"
      search={filters}
      resetScroll={false}
      className={buttonClass(isMissing ? 'primary' : 'plain')}
    >
      Back to the gallery
    </Link>
  )
  return (
    <div className={styles.missing}>
      <PageHead title="Image" />
      {isMissing ? (
        <EmptyState icon={<SearchX />} title="This image does not exist or you may not see it" actions={back}>
          It may have been deleted, or it belongs to somebody else.
        </EmptyState>
      ) : (
        <EmptyState
          icon={<CloudOff />}
          title="The image could not be read"
          actions={
            <>
              <Button kind="primary" onClick={onAgain}>
                Try again
              </Button>
              {back}
            </>
          }
        >
          {messageOf(error)}
        </EmptyState>
      )}
    </div>
  )
}

interface LoadedImageProps {
  image: ImageDetail
  filters: ImageFilters
  search: PictureSearch
}

function LoadedImage({ image, filters, search }: LoadedImageProps) {
  const [isPanelOpen, setPanelOpen] = useState(true)
  const { data: neighbours } = useQuery(neighboursQuery(image, filters))
  const go = useGo(filters)
  const newer = neighbours?.newer?.id ?? null
  const older = neighbours?.older?.id ?? null
  useCommands([
    {
      id: 'image-next',
      title: 'Next image (older)',
      group: 'Image',
      keys: ['j'],
      run: () => older !== null && go(older),
    },
    {
      id: 'image-before',
      title: 'Image before (newer)',
      group: 'Image',
      keys: ['k'],
      run: () => newer !== null && go(newer),
    },
    {
      id: 'image-facts',
      title: 'Show or hide the facts',
      group: 'Image',
      keys: ['i'],
      run: () => setPanelOpen(!isPanelOpen),
    },
  ])
  const { picture, notOffered } = readPicture(image, search)
  const onPicture = usePictureChange(filters, picture)
  const isReport = isDoseReport(image)
  const name = isReport ? 'Dose report' : (sideAndView(image) ?? image.originalName)
  const toolbar = {
    title: <PageHead title={name} tabTitle={`Image ${image.id}`} />,
    filters,
    reading: isReport ? null : <ReadLink imageId={image.id} filters={filters} />,
    onNewer: newer === null ? null : () => go(newer),
    onOlder: older === null ? null : () => go(older),
    isPanelOpen,
    onTogglePanel: () => setPanelOpen(!isPanelOpen),
  }
  return (
    <article className={styles.page} data-panel={isPanelOpen || undefined} aria-label={describeImage(image)}>
      {isReport && image.status === 'ready' ? (
        <ReportStage image={image} {...toolbar} />
      ) : (
        <Stage image={image} picture={picture} onPicture={onPicture} {...toolbar} />
      )}
      {isPanelOpen ? (
        <FactsPanel
          image={image}
          picture={picture}
          notOffered={image.status === 'ready' ? notOffered : []}
          onDeleted={() => go(older ?? newer)}
        />
      ) : null}
    </article>
  )
}

/** The choice lives in the URL. Each is a step of the back button, but frames: sixty of them would bury the rest. */
function usePictureChange(filters: ImageFilters, picture: Picture): (change: Partial<Picture>) => void {
  const navigate = useNavigate({ from: '/images/$imageId' })
  return (change) =>
    void navigate({
      search: { ...filters, ...toPictureSearch({ ...picture, ...change }) },
      replace: Object.keys(change).length === 1 && change.frame !== undefined,
      resetScroll: false,
    })
}

function useGo(filters: ImageFilters): (imageId: number | null) => void {
  const navigate = useNavigate()
  return (imageId) => {
    if (imageId === null) {
      void navigate({ to: '/', search: filters, resetScroll: false })
      return
    }
    void navigate({
      to: '/images/$imageId',
      params: { imageId: String(imageId) },
      search: filters,
      replace: true,
    })
  }
}
