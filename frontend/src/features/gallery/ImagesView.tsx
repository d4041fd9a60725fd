import { useCallback, useMemo } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Images, SearchX } from 'lucide-react'
import { countFilters, filtersKey, type GallerySearch, type ImageFilters } from '@/shared/api/imageFilters'
import { meQuery } from '@/shared/api/queries'
import type { ImageSummary } from '@/shared/api/types'
import { isDoseReport } from '@/shared/format/image'
import { runCommand, useCommands } from '@/shared/keys/commands'
import { Button } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { toast } from '@/shared/ui/Toasts'
import { focusedId } from '@/shared/wall/focused'
import type { TileGrid } from '@/shared/wall/lines'
import { FilterBar } from './FilterBar'
import { SelectionBar } from './SelectionBar'
import { knownImages, tickAll, tickImage, useSelection } from './selection'
import { IMAGE_GRID, Tile, TileSkeleton } from './Tile'
import { useGalleryWall } from './useGalleryWall'
import { usePendingPoll } from './usePendingPoll'
import { useInView } from './useInView'
import { useUploaders } from './useUploaders'
import { imageFiltersOf, imageWall } from './walls'
import { WallPage } from './WallPage'

const skeleton = () => <TileSkeleton />

function onTick(id: number, isRange: boolean): void {
  tickImage(imageWall.use.getState().window?.rows ?? [], id, isRange)
}

function tickFocused(): void {
  const id = focusedId()
  if (id !== null) onTick(id, false)
}

/** An image without a picture yet is shown as a pane that says why; what has none by its nature is not opened. */
function useReadFocused(filters: ImageFilters): () => void {
  const navigate = useNavigate()
  return () => {
    const id = focusedId()
    const image = imageWall.use.getState().window?.rows.find((row) => row.id === id)
    if (!image) toast('Choose an image with the arrow keys first.')
    else if (isDoseReport(image)) toast('A dose report has no picture to read. Enter opens its page.')
    else {
      const params = { imageId: String(image.id) }
      void navigate({ to: '/images/$imageId/read', params, search: filters })
    }
  }
}

export function ImagesView({ search }: { search: GallerySearch }) {
  const filters = imageFiltersOf(search)
  const key = filtersKey(filters)
  const { isPlaceLost, onPlace } = useGalleryWall(imageWall, key, filters, search.at)
  const rows = imageWall.use((state) => state.window?.rows) ?? []
  const uploaders = useUploaders(
    rows.map((image) => ({ id: image.userId, name: image.uploaderName ?? String(image.userId) })),
  )
  const { ids } = useSelection()
  const read = useReadFocused(filters)
  const { visible, onView } = useInView<ImageSummary>('images')
  usePendingPoll(visible)
  useCommands([
    {
      id: 'tick',
      title: 'Select the image that has the focus',
      group: 'Gallery',
      keys: ['x'],
      run: tickFocused,
    },
    {
      id: 'tick-all',
      title: 'Select all that is loaded',
      group: 'Gallery',
      keys: ['Ctrl+a'],
      run: () => tickAll(rows),
    },
    {
      id: 'read',
      title: 'Read the image that has the focus',
      group: 'Gallery',
      keys: ['v'],
      run: read,
    },
  ])
  const tile = useTile(key, filters, ids)
  return (
    <WallPage
      wall={imageWall}
      wallKey={key}
      search={search}
      filters={<FilterBar search={search} uploaders={uploaders} />}
      empty={countFilters(filters) > 0 ? <NothingFits /> : <NothingYet />}
      newsLabel="New images"
      isPlaceLost={isPlaceLost}
      wish={IMAGE_GRID}
      loadingLabel="Loading images"
      tile={tile}
      skeleton={skeleton}
      onView={onView}
      onPlace={onPlace}
    >
      <SelectionBar list={{ images: knownImages(rows, ids) }} />
    </WallPage>
  )
}

function useTile(key: string, filters: ImageFilters, ids: ReadonlySet<number>) {
  // The same filters are the same object, so that tiles are not drawn anew for nothing.
  // oxlint-disable-next-line react/exhaustive-deps
  const kept = useMemo(() => filters, [key])
  return useCallback(
    (image: ImageSummary, _: number, grid: TileGrid) => (
      <Tile
        image={image}
        filters={kept}
        width={grid.tileWidth}
        isSelected={ids.has(image.id)}
        isSelecting={ids.size > 0}
        onTick={onTick}
      />
    ),
    [kept, ids],
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
