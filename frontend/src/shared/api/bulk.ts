import { request } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

/** Acts on many things at once. Each thing is done or refused by itself: one that fails keeps no other back. */
export type Refusal = Schemas['Refusal']

export interface BulkEnd {
  done: number[]
  refused: Refusal[]
}

/** The server takes no more in one request; longer lists go in several, one after the other. */
export const THINGS_PER_REQUEST = 500

async function inTurns(ids: readonly number[], act: (part: number[]) => Promise<BulkEnd>): Promise<BulkEnd> {
  const end: BulkEnd = { done: [], refused: [] }
  for (let at = 0; at < ids.length; at += THINGS_PER_REQUEST) {
    const part = ids.slice(at, at + THINGS_PER_REQUEST)
    try {
      const { done, refused } = await act(part)
      end.done.push(...done)
      end.refused.push(...refused)
    } catch (error) {
      // What was done before is told; the rest stays as it is and could not be asked for.
      if (at === 0) throw error
      const detail = error instanceof Error ? error.message : String(error)
      end.refused.push(...ids.slice(at).map((id) => ({ id, code: 'not_asked', detail })))
      return end
    }
  }
  return end
}

/** Can be undone for a while by `restoreImages`. */
export function deleteImages(imageIds: readonly number[]): Promise<BulkEnd> {
  return inTurns(imageIds, async (part) => {
    const body = { imageIds: part }
    const answer = await request<Schemas['DeletedImages']>('/api/images/delete', { method: 'POST', body })
    return { done: answer.deleted, refused: answer.refused }
  })
}

export function restoreImages(imageIds: readonly number[]): Promise<BulkEnd> {
  return inTurns(imageIds, async (part) => {
    const body = { imageIds: part }
    const answer = await request<Schemas['RestoredImages']>('/api/images/restore', { method: 'POST', body })
    return { done: answer.restored, refused: answer.refused }
  })
}

/** Makes the pictures of these images again, from the originals. */
export function remakeImages(imageIds: readonly number[]): Promise<BulkEnd> {
  return inTurns(imageIds, async (part) => {
    const body = { imageIds: part }
    const answer = await request<Schemas['QueuedImages']>('/api/images/remake', { method: 'POST', body })
    return { done: answer.queued, refused: answer.refused }
  })
}

/** What is left out stays as it is; null takes a correction back. */
export interface SideAndView {
  laterality?: string | null
  viewPosition?: string | null
}

export function correctImages(imageIds: readonly number[], change: SideAndView): Promise<BulkEnd> {
  return inTurns(imageIds, async (part) => {
    const body = { imageIds: part, ...change }
    const answer = await request<Schemas['CorrectedImages']>('/api/images/correct', { method: 'POST', body })
    return { done: answer.corrected, refused: answer.refused }
  })
}

export function changeUsers(userIds: readonly number[], status: 'active' | 'disabled'): Promise<BulkEnd> {
  return inTurns(userIds, async (part) => {
    const body = { userIds: part, status }
    const answer = await request<Schemas['ChangedUsers']>('/api/admin/users/bulk', { method: 'POST', body })
    return { done: answer.changed, refused: answer.refused }
  })
}
