import { request, send, withQuery } from '@/shared/api/client'
import { type ImageFilters, toListQuery } from '@/shared/api/imageFilters'
import type { ImageDetail, ImagePage, ImagePatch } from '@/shared/api/types'

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

/** Says that the picture has been shown, where it came from a server that cannot count; a failure is nobody's matter. */
export async function noteView(imageId: number): Promise<void> {
  await request(`/api/images/${imageId}/views`, { method: 'POST' }).catch(() => undefined)
}

/**
 * Says for how many seconds (1 to 60) these pictures were looked at, side by side, since the last time: together, so
 * that the time counts once. Outlives the page that says it.
 * Not by `request`: a heartbeat that nobody hears is no news about the connection.
 */
export function noteViewing(imageIds: readonly number[], seconds: number) {
  const isOne = imageIds.length === 1
  fetch(isOne ? `/api/images/${imageIds[0]}/views/heartbeat` : '/api/images/views/heartbeat', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(isOne ? { seconds } : { imageIds, seconds }),
    credentials: 'same-origin',
    keepalive: true,
  }).catch(() => undefined)
}

/** What is left out stays as it is; null takes a correction back. */
export function patchImage(imageId: number, patch: ImagePatch): Promise<ImageDetail> {
  return request<ImageDetail>(`/api/images/${imageId}`, { method: 'PATCH', body: patch })
}

/**
 * Orders the rendition at this address, and ends once it is there: 409 `not_ready` while it is being made, 410 when
 * it cannot be. One byte from within is asked for, which neither counts as a view nor moves the picture twice.
 */
export async function askForRendition(address: string, signal: AbortSignal): Promise<void> {
  const response = await send(address, { signal }, { Range: 'bytes=1-1' }, 'no-store')
  await response.body?.cancel()
}
