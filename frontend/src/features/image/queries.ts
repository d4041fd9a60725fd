import { queryOptions } from '@tanstack/react-query'
import { request } from '@/shared/api/client'
import type { ImageFilters } from '@/shared/api/imageFilters'
import { fetchImage, fetchImagePage } from '@/shared/api/images'
import type { ImageDetail, ImageSummary } from '@/shared/api/types'
import type { DicomHeader } from './header'

const POLL_MILLISECONDS = 2000
const SLOW_POLL_MILLISECONDS = 10_000
const SLOW_AFTER_POLLS = 30

export function imageQuery(imageId: string) {
  return queryOptions({
    queryKey: ['image', imageId],
    queryFn: ({ signal }) => fetchImage(imageId, signal),
    refetchInterval: ({ state }) => {
      const status = state.data?.status
      if (status !== 'pending' && status !== 'processing') return false
      return state.dataUpdateCount > SLOW_AFTER_POLLS ? SLOW_POLL_MILLISECONDS : POLL_MILLISECONDS
    },
  })
}

export function headerQuery(image: ImageDetail) {
  return queryOptions({
    queryKey: ['header', image.id],
    queryFn: ({ signal }) =>
      request<DicomHeader>(image.links.tags ?? `/api/images/${image.id}/tags`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export interface Neighbours {
  newer: ImageSummary | null
  older: ImageSummary | null
}

/** The images before and after this one in the list with these filters, asked by the list's own cursor. */
export function neighboursQuery(image: ImageDetail | undefined, filters: ImageFilters) {
  return queryOptions({
    queryKey: ['neighbours', image?.id, filters],
    enabled: image !== undefined,
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Neighbours> => {
      const cursor = image ? `${image.createdAt.replace(/Z$/, '')}Z_${image.id}` : null
      const [older, newer] = await Promise.all([
        fetchImagePage({ filters, cursor, limit: 1, direction: 'next' }, signal),
        fetchImagePage({ filters, cursor, limit: 1, direction: 'prev' }, signal),
      ])
      return { older: older.images[0] ?? null, newer: newer.images.at(-1) ?? null }
    },
  })
}
