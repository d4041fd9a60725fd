import type { User } from '@/shared/api/types'

/** The status that undoing gives back. Nobody can be made pending again; disabled, they may not sign in either. */
export function statusBack(before: Pick<User, 'status'>): 'active' | 'disabled' {
  return before.status === 'active' ? 'active' : 'disabled'
}

export function undoneInWords(before: readonly Pick<User, 'status'>[]): string {
  if (before.every((user) => user.status !== 'pending')) return 'As it was before.'
  return 'Undone: who was pending is disabled now and may not sign in.'
}
