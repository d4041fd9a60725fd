import { request } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'

/** A ZIP that can be fetched from `url` until it expires; it is put together while it is being sent. */
export type ExportTicket = components['schemas']['ExportTicket']

/** Images, or whole exams. */
export type ExportWish = { imageIds: readonly number[] } | { studyIds: readonly number[] }

export function createExport(wish: ExportWish): Promise<ExportTicket> {
  return request<ExportTicket>('/api/exports', { method: 'POST', body: wish })
}
