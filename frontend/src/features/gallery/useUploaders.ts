import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { meQuery } from '@/shared/api/queries'
import type { Person } from './FilterBar'

/** Names that are kept for the filter; more would make no list to choose from. */
const MOST = 100

/** Those who have been met in the list since the page was opened, for who may filter by them; oneself first. */
export function useUploaders(met: readonly Person[]): readonly Person[] {
  const { data: me } = useQuery(meQuery)
  const [kept, setKept] = useState<ReadonlyMap<number, Person>>(new Map())
  const role = me?.user.role
  const isAllowed = role === 'admin' || role === 'radiologist'
  const unknown = isAllowed && kept.size < MOST ? met.filter((person) => !kept.has(person.id)) : []
  // Set while drawing: React draws again at once, before anything is shown.
  if (unknown.length > 0) setKept(new Map([...kept, ...unknown.map((one) => [one.id, one] as const)]))
  if (!isAllowed || !me) return []
  const others = [...kept.values()].filter((person) => person.id !== me.user.id)
  return [{ id: me.user.id, name: 'Myself' }, ...others.toSorted((a, b) => a.name.localeCompare(b.name))]
}
