import { request, withQuery } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { meQuery, queryClient } from '@/shared/api/queries'
import { session } from '@/shared/api/session'
import type { ApiToken, Me, OwnSession, RegistrationState, User } from '@/shared/api/types'

export type TokenScope = ApiToken['scopes'][number]

export const registrationQuery = {
  queryKey: ['registration'],
  queryFn: () => request<RegistrationState>('/api/auth/registration'),
}

export const sessionsQuery = {
  queryKey: ['own-sessions'],
  queryFn: async () => (await request<{ sessions: OwnSession[] }>('/api/auth/sessions')).sessions,
}

export const tokensQuery = {
  queryKey: ['api-tokens'],
  queryFn: async () => (await request<{ apiTokens: ApiToken[] }>('/api/auth/tokens')).apiTokens,
}

/** Nothing that another person saw stays in the page. */
async function enter(): Promise<void> {
  const before = queryClient.getQueryData(meQuery.queryKey)
  const me = await request<Me>('/api/auth/me')
  if (before?.user.id !== me.user.id) {
    queryClient.clear()
    announceImages({ kind: 'forget' })
  }
  queryClient.setQueryData(meQuery.queryKey, me)
  session.began()
}

export async function signIn(email: string, password: string): Promise<void> {
  await request('/api/auth/login', {
    method: 'POST',
    body: { email, password },
    unauthenticatedIsAnswer: true,
  })
  await enter()
}

export function askForAccount(account: { email: string; name: string; password: string }): Promise<unknown> {
  return request('/api/auth/register', { method: 'POST', body: account })
}

export async function checkSetupLink(token: string): Promise<boolean> {
  const answer = await request<{ valid: boolean }>(withQuery('/api/setup', { token }))
  return answer.valid
}

interface FirstAdministrator {
  token: string
  email: string
  name: string
  password: string
}

export async function setUp(account: FirstAdministrator): Promise<void> {
  await request<{ user: User }>('/api/setup', { method: 'POST', body: account })
  await enter()
}

export function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  return request('/api/auth/password', { method: 'POST', body: { currentPassword, newPassword } })
}

export function endSession(id: number): Promise<void> {
  return request(`/api/auth/sessions/${id}`, { method: 'DELETE' })
}

export interface NewToken {
  name: string
  scopes: TokenScope[]
  days?: number
}

export function createToken(token: NewToken): Promise<{ token: string; apiToken: ApiToken }> {
  return request('/api/auth/tokens', { method: 'POST', body: token })
}

export function revokeToken(id: number): Promise<void> {
  return request(`/api/auth/tokens/${id}`, { method: 'DELETE' })
}
