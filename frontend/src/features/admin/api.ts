import { request, withQuery } from '@/shared/api/client'
import type { Role, User, UserPage, UserStatus } from '@/shared/api/types'
import type { PagePlace } from '@/shared/ui/KeysetPager'

export interface UserFilters {
  status?: string
  role?: string
  q?: string
}

/** Filters and page, as they stand in the URL. */
export type UserSearch = UserFilters & PagePlace

const PAGE_SIZE = 50

export function fetchUsers(search: UserSearch, signal: AbortSignal): Promise<UserPage> {
  return request<UserPage>(withQuery('/api/admin/users', { ...search, limit: PAGE_SIZE }), { signal })
}

export interface NewUser {
  email: string
  name: string
  role: Role
  password?: string
}

export async function createUser(user: NewUser): Promise<User> {
  return (await request<{ user: User }>('/api/admin/users', { method: 'POST', body: user })).user
}

export interface UserChange {
  role?: Role
  status?: UserStatus
  name?: string
}

export async function changeUser(id: number, change: UserChange): Promise<User> {
  return (await request<{ user: User }>(`/api/admin/users/${id}`, { method: 'PATCH', body: change })).user
}
