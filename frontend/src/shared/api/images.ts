import { request, withQuery } from '@/shared/api/client'
import { type ImageFilters, toListQuery } from '@/shared/api/imageFilters'
import type { ImageDetail, ImagePage } from '@/shared/api/types'

export interface PageRequest {
  filters: ImageFilters
  cursor: string | null
  limit: number
  direction?: 'next' | 'prev'
}

export function fetchImagePage(
  { filters, cursor, limit, direction }: PageRequest,
  signal?: AbortSignal,
): Promise<ImagePage> {
  return request<ImagePage>(
    withQuery('/api/images', { useCursor: true, limit, cursor, direction, ...toListQuery(filters) }),
    {
      signal,
    },
  )
}

export function fetchImage(imageId: number | string, signal?: AbortSignal): Promise<ImageDetail> {
  return request<ImageDetail>(`/api/images/${imageId}`, { signal })
}

export function deleteImage(imageId: number): Promise<void> {
  return request(`/api/images/${imageId}`, { method: 'DELETE' })
}
