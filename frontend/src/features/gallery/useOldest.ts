import { useQuery } from '@tanstack/react-query'
import type { Placed } from '@/shared/wall/place'
import type { Wall } from '@/shared/wall/wall'

/** When the oldest row of a list came, in milliseconds: a page of one from the tail. */
export function useOldest<T extends Placed, Q>(wall: Wall<T, Q>, key: string): number | undefined {
  const isOpen = wall.use((state) => state.key === key && state.window !== null)
  const { data } = useQuery({
    queryKey: ['gallery-oldest', wall.name, key],
    queryFn: async ({ signal }) => (await wall.readTail(signal))?.createdAt ?? null,
    enabled: isOpen,
    staleTime: 5 * 60_000,
  })
  return data ? Date.parse(data) : undefined
}
