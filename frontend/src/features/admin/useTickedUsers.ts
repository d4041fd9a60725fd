import { useState } from 'react'
import type { User } from '@/shared/api/types'
import type { UserFilters } from './api'

export interface TickedUsers {
  users: readonly User[]
  has: (id: number) => boolean
  /** With the users in between, all from the last tick to this one are ticked. */
  tick: (user: User, range: readonly User[] | null) => void
  setAll: (users: readonly User[], isTicked: boolean) => void
  clear: () => void
}

interface State {
  /** The list that they were ticked in. */
  key: string
  users: ReadonlyMap<number, User>
  anchor: number | null
}

/** Ticks stay from page to page of one list; with other filters they begin anew, as nobody would see them any more. */
export function useTickedUsers(filters: UserFilters): TickedUsers {
  const key = JSON.stringify([filters.status, filters.role, filters.q])
  const [held, setHeld] = useState<State>({ key, users: new Map(), anchor: null })
  const state = held.key === key ? held : { key, users: new Map<number, User>(), anchor: null }
  return {
    users: [...state.users.values()],
    has: (id) => state.users.has(id),
    tick: (user, range) => setHeld({ key, users: ticked(state, user, range), anchor: user.id }),
    setAll(users, isTicked) {
      const next = new Map(state.users)
      for (const user of users) {
        if (isTicked) next.set(user.id, user)
        else next.delete(user.id)
      }
      setHeld({ key, users: next, anchor: null })
    },
    clear: () => setHeld({ key, users: new Map(), anchor: null }),
  }
}

function ticked({ users, anchor }: State, user: User, range: readonly User[] | null): Map<number, User> {
  const next = new Map(users)
  const from = range?.findIndex((one) => one.id === anchor) ?? -1
  const to = range?.findIndex((one) => one.id === user.id) ?? -1
  if (range && from !== -1 && to !== -1) {
    for (const one of range.slice(Math.min(from, to), Math.max(from, to) + 1)) next.set(one.id, one)
  } else if (!next.delete(user.id)) {
    next.set(user.id, user)
  }
  return next
}
