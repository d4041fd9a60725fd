import type { ImagePage, ImageSummary } from '@/shared/api/types'
import { dayKey } from '@/shared/format/dates'

/**
 * The gallery's list, newest first: what was read so far, page by page of the keyset cursor. Pure: every function
 * gives a new list. Of each image the id and the day stay for ever (a few bytes, they hold the scroll position);
 * the rest is let go far from the window and read again by its page's cursor. Invariant: no id comes twice.
 */
export interface Entry {
  id: number
  createdAt: string
  day: string
  pageIndex: number
}

export interface ListPage {
  /** Null for the head of the list, which is never let go. */
  cursor: string | null
  isHeld: boolean
}

export interface ImageList {
  entries: readonly Entry[]
  images: ReadonlyMap<number, ImageSummary>
  pages: readonly ListPage[]
  nextCursor: string | null
  isComplete: boolean
}

export const emptyList: ImageList = {
  entries: [],
  images: new Map(),
  pages: [],
  nextCursor: null,
  isComplete: false,
}

export function appendPage(list: ImageList, cursor: string | null, page: ImagePage): ImageList {
  // An answer that comes twice, or late, after the list went on.
  if (list.pages.length > 0 && cursor !== list.nextCursor) return list
  const known = new Set(list.entries.map((entry) => entry.id))
  const pageIndex = list.pages.length
  const added = page.images.filter((image) => !known.has(image.id))
  return {
    entries: [...list.entries, ...added.map((image) => entryOf(image, pageIndex))],
    images: withImages(list.images, page.images),
    pages: [...list.pages, { cursor, isHeld: true }],
    nextCursor: page.nextCursor,
    // A cursor that leads back to itself would be read for ever.
    isComplete: page.nextCursor === null || page.nextCursor === cursor || page.images.length === 0,
  }
}

function entryOf(image: ImageSummary, pageIndex: number): Entry {
  return { id: image.id, createdAt: image.createdAt, day: dayKey(image.createdAt), pageIndex }
}

function withImages(
  held: ReadonlyMap<number, ImageSummary>,
  images: readonly ImageSummary[],
): Map<number, ImageSummary> {
  const next = new Map(held)
  for (const image of images) next.set(image.id, image)
  return next
}

/**
 * Takes a fresh first page. Null when it does not reach what we have: more arrived than fits a page, and only
 * starting over gives a list without holes.
 */
export function mergeHead(list: ImageList, page: ImagePage): ImageList | null {
  if (list.pages.length === 0 || page.nextCursor === null) return appendPage(emptyList, null, page)
  const known = new Set(list.entries.map((entry) => entry.id))
  const fresh = page.images.filter((image) => !known.has(image.id))
  if (fresh.length === page.images.length) return null
  const present = new Set(page.images.map((image) => image.id))
  // Within the span of the fresh page, what is not in it was deleted or no longer fits the filters.
  const last = page.images.at(-1)
  const endOfSpan = list.entries.findIndex((entry) => last && isOlder(entry, last))
  const span = endOfSpan === -1 ? list.entries : list.entries.slice(0, endOfSpan)
  const images = withImages(list.images, page.images)
  for (const entry of span) if (!present.has(entry.id)) images.delete(entry.id)
  const head = [...fresh.map((image) => entryOf(image, 0)), ...span.filter((entry) => present.has(entry.id))]
  // What was committed late belongs between two that we have.
  head.sort((a, b) => (isOlder(a, b) ? 1 : -1))
  return { ...list, entries: [...head, ...list.entries.slice(span.length)], images }
}

/** The order of the list: by time, then by id. The server's times all have the same width, so text compares. */
function isOlder(a: { createdAt: string; id: number }, b: { createdAt: string; id: number }): boolean {
  return a.createdAt === b.createdAt ? a.id < b.id : a.createdAt < b.createdAt
}

export function replaceImages(list: ImageList, images: readonly ImageSummary[]): ImageList {
  const ids = new Set(list.entries.map((entry) => entry.id))
  const ours = images.filter((image) => ids.has(image.id))
  return ours.length === 0 ? list : { ...list, images: withImages(list.images, ours) }
}

export function removeImages(list: ImageList, ids: ReadonlySet<number>): ImageList {
  const entries = list.entries.filter((entry) => !ids.has(entry.id))
  if (entries.length === list.entries.length) return list
  const images = new Map(list.images)
  for (const id of ids) images.delete(id)
  return { ...list, entries, images }
}

/** Pages to each side of the window whose images are kept. */
const PAGES_KEPT_AROUND = 8

/** Lets go of images far from the window; their entries keep the place. */
export function letGo(list: ImageList, firstPage: number, lastPage: number): ImageList {
  const isFar = (index: number) =>
    index < firstPage - PAGES_KEPT_AROUND || index > lastPage + PAGES_KEPT_AROUND
  const far = new Set(
    list.pages.flatMap((page, index) => (page.isHeld && page.cursor !== null && isFar(index) ? [index] : [])),
  )
  if (far.size === 0) return list
  const images = new Map(list.images)
  for (const entry of list.entries) if (far.has(entry.pageIndex)) images.delete(entry.id)
  return {
    ...list,
    images,
    pages: list.pages.map((page, index) => (far.has(index) ? { ...page, isHeld: false } : page)),
  }
}

/** Takes again what was let go. What is missing in the answer was deleted meanwhile. */
export function refillPage(list: ImageList, pageIndex: number, answer: ImagePage): ImageList {
  const filled = replaceImages(list, answer.images)
  const images = filled.images
  const gone = new Set(
    list.entries
      .filter((entry) => entry.pageIndex === pageIndex && !images.has(entry.id))
      .map((entry) => entry.id),
  )
  const pages = list.pages.map((page, index) => (index === pageIndex ? { ...page, isHeld: true } : page))
  return removeImages({ ...filled, pages }, gone)
}
