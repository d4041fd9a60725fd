import { request } from '@/shared/api/client'

/** A ZIP that can be fetched from `url` until it expires; it is put together while it is being sent. */
export interface Export {
  id: string
  url: string
  imageCount: number
  byteCount: number
  expiresAt: string
}

export type ExportWish = { imageIds: readonly number[] } | { studyIds: readonly number[] }

export function createExport(wish: ExportWish): Promise<Export> {
  return request<Export>('/api/exports', { method: 'POST', body: wish })
}
