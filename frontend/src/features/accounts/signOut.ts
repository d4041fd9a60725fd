import { ApiProblem, request } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { queryClient } from '@/shared/api/queries'
import { session } from '@/shared/api/session'

/** Ends the session and forgets all that this person saw. A session that had ended already is as good. */
export async function signOut(): Promise<void> {
  try {
    await request('/api/auth/logout', { method: 'POST', unauthenticatedIsAnswer: true })
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 401)) throw error
  }
  queryClient.clear()
  announceImages({ kind: 'forget' })
  session.began()
}
