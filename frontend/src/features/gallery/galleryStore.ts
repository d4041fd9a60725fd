import { create } from 'zustand'
import { ApiProblem } from '@/shared/api/client'
import { onImages } from '@/shared/api/imageEvents'
import { filtersKey, type ImageFilters } from '@/shared/api/imageFilters'
import { fetchImage, fetchImagePage } from '@/shared/api/images'
import type { ImageDetail } from '@/shared/api/types'
import {
  appendPage,
  emptyList,
  type ImageList,
  letGo,
  mergeHead,
  refillPage,
  removeImages,
  replaceImages,
} from './imageList'

/** The list outlives the page, so that coming back from an image finds the same place. */
interface GalleryState {
  key: string | null
  filters: ImageFilters
  list: ImageList
  isReading: boolean
  error: unknown
  /** Where the page was scrolled to when it was left. */
  scrollY: number
  /** Newer images wait above: they are not pushed in under the eyes of somebody who looks further down. */
  hasNews: boolean
}

const PAGE_SIZE = 60

export const useGallery = create<GalleryState>(() => ({
  key: null,
  filters: {},
  list: emptyList,
  isReading: false,
  error: null,
  scrollY: 0,
  hasNews: false,
}))

const { getState, setState } = useGallery
const refilling = new Set<number>()

function startOver(): void {
  refilling.clear()
  setState({ list: emptyList, isReading: false, error: null, scrollY: 0, hasNews: false })
}

/** Shows the list of these filters: the held one, freshened at its head, or a new one. */
export function openGallery(filters: ImageFilters): void {
  const key = filtersKey(filters)
  if (getState().key === key) {
    void refreshHead()
    return
  }
  setState({ key, filters })
  startOver()
  void readNext()
}

export async function readNext(): Promise<void> {
  const { isReading, list, key, filters } = getState()
  if (isReading || list.isComplete) return
  const cursor = list.nextCursor
  setState({ isReading: true, error: null })
  try {
    const page = await fetchImagePage({ filters, cursor, limit: PAGE_SIZE })
    if (getState().key === key)
      setState((state) => ({ list: appendPage(state.list, cursor, page), isReading: false }))
  } catch (error) {
    if (getState().key === key) setState({ error, isReading: false })
  }
}

/** What is new since the first page was read. Trouble here is not worth a word: it is asked again soon. */
export async function refreshHead(): Promise<void> {
  const { key, filters, list, isReading } = getState()
  if (key === null) return
  if (list.pages.length === 0) {
    if (!isReading) await readNext()
    return
  }
  const page = await fetchImagePage({ filters, cursor: null, limit: PAGE_SIZE }).catch(() => null)
  if (page === null || getState().key !== key) return
  if (isLookingFurtherDown()) {
    setState((state) => ({
      list: replaceImages(state.list, page.images),
      hasNews: state.hasNews || page.images.some((image) => !state.list.images.has(image.id)),
    }))
    return
  }
  setState((state) => ({
    list: mergeHead(state.list, page) ?? appendPage(emptyList, null, page),
    hasNews: false,
  }))
}

const FURTHER_DOWN_PIXELS = 400

function isLookingFurtherDown(): boolean {
  return getState().scrollY > FURTHER_DOWN_PIXELS
}

export function showNews(): void {
  setState({ scrollY: 0 })
  window.scrollTo({ top: 0 })
  void refreshHead()
}

/** Keeps the images around these pages, and takes again those that were let go. */
export function keepAround(firstPage: number, lastPage: number): void {
  const list = letGo(getState().list, firstPage, lastPage)
  if (list !== getState().list) setState({ list })
  for (let index = firstPage; index <= lastPage; index += 1) {
    if (list.pages[index]?.isHeld === false) void refill(index)
  }
}

async function refill(pageIndex: number): Promise<void> {
  const { key, filters, list } = getState()
  const cursor = list.pages[pageIndex]?.cursor ?? null
  if (refilling.has(pageIndex) || cursor === null) return
  refilling.add(pageIndex)
  const page = await fetchImagePage({ filters, cursor, limit: PAGE_SIZE }).catch(() => null)
  refilling.delete(pageIndex)
  if (page && getState().key === key) setState((state) => ({ list: refillPage(state.list, pageIndex, page) }))
}

/** Reads single images again, as after a conversion; those that are gone leave the list. */
export async function rereadImages(ids: readonly number[]): Promise<void> {
  const shown = ids.filter((id) => getState().list.images.has(id))
  const answers = await Promise.all(shown.map((id) => fetchOrGone(id)))
  const found = answers.filter((answer): answer is ImageDetail => answer !== null && answer !== 'gone')
  const gone = new Set(shown.filter((_, index) => answers[index] === 'gone'))
  setState((state) => ({ list: removeImages(replaceImages(state.list, found), gone) }))
}

async function fetchOrGone(id: number): Promise<ImageDetail | 'gone' | null> {
  try {
    return await fetchImage(id)
  } catch (error) {
    return error instanceof ApiProblem && error.status === 404 ? 'gone' : null
  }
}

/** More at once are read as a page. */
const MOST_SINGLE_READS = 12

onImages((event) => {
  switch (event.kind) {
    case 'arrived':
      void refreshHead()
      break
    case 'changed': {
      const shown = event.imageIds.filter((id) => getState().list.images.has(id))
      void (shown.length > MOST_SINGLE_READS ? refreshHead() : rereadImages(shown))
      break
    }
    case 'deleted':
      setState((state) => ({ list: removeImages(state.list, new Set(event.imageIds)) }))
      break
    case 'forget':
      startOver()
      setState({ key: null })
      break
  }
})
