import { calmly } from '@/shared/api/calmly'
import { ApiProblem } from '@/shared/api/client'
import { onImages } from '@/shared/api/imageEvents'
import type { GallerySearch, ImageFilters } from '@/shared/api/imageFilters'
import { filtersKey, readImageFilters } from '@/shared/api/imageFilters'
import { fetchImage, fetchImagePage } from '@/shared/api/images'
import { fetchStudyPage, type Study, type StudyFilters } from '@/shared/api/studies'
import type { ImageDetail, ImageSummary } from '@/shared/api/types'
import { Wall } from '@/shared/wall/wall'

/** The two lists of the gallery. They outlive its page, so that coming back finds the same place at once. */
export const imageWall = new Wall<ImageSummary, ImageFilters>({
  name: 'images',
  pageSize: 60,
  read: async (filters, question, signal) => {
    const page = await fetchImagePage({ filters, ...question }, signal)
    return { rows: page.images, nextCursor: page.nextCursor, prevCursor: page.prevCursor }
  },
})

export const examWall = new Wall<Study, StudyFilters>({
  name: 'exams',
  pageSize: 30,
  read: async (filters, question, signal) => {
    const page = await fetchStudyPage({ filters, ...question }, signal)
    return { rows: page.studies, nextCursor: page.nextCursor, prevCursor: page.prevCursor }
  },
})

export function imageFiltersOf(search: GallerySearch): ImageFilters {
  return readImageFilters({ ...search })
}

export function examKey(filters: StudyFilters): string {
  return [filtersKey(filters), filters.studyFrom ?? '', filters.studyTo ?? ''].join('\n')
}

/** Reads single images again, as after a conversion; those that are gone leave the list. */
async function rereadImages(ids: readonly number[]): Promise<void> {
  const answers = await Promise.all(ids.map((id) => fetchOrGone(id)))
  imageWall.replace(answers.filter((answer): answer is ImageDetail => answer !== null && answer !== 'gone'))
  imageWall.remove(ids.filter((_, index) => answers[index] === 'gone'))
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

function shownImages(ids: readonly number[]): number[] {
  const held = new Set(imageWall.use.getState().window?.rows.map((row) => row.id))
  return ids.filter((id) => held.has(id))
}

/** What is in view, as indices of the rows; kept by the page. */
export const inView = { images: { start: 0, end: 0 }, exams: { start: 0, end: 0 } }

const ROWS_AROUND = 40

function rereadImagesInView(): void {
  const start = Math.max(0, inView.images.start - ROWS_AROUND)
  if (start === 0 && imageWall.isAtHead) void imageWall.refreshHead()
  else void imageWall.refresh(start, inView.images.end + ROWS_AROUND)
}

export function rereadExamsInView(): void {
  const { start, end } = inView.exams
  if (start === 0 && examWall.isAtHead) void examWall.refreshHead()
  else void examWall.refresh(start, end)
}

const CALM_MILLISECONDS = 1500
const rereadExamsCalmly = calmly(rereadExamsInView, CALM_MILLISECONDS)

onImages((event) => {
  switch (event.kind) {
    case 'arrived':
      void imageWall.refreshHead()
      break
    case 'changed': {
      const shown = shownImages(event.imageIds)
      if (shown.length > MOST_SINGLE_READS) rereadImagesInView()
      else if (shown.length > 0) void rereadImages(shown)
      break
    }
    case 'deleted':
      imageWall.remove(event.imageIds)
      break
    case 'restored':
      rereadImagesInView()
      break
    case 'forget':
      imageWall.forget()
      examWall.forget()
      return
  }
  if (examWall.use.getState().window !== null) rereadExamsCalmly.ask()
})
