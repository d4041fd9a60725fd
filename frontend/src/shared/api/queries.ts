import { QueryClient, queryOptions } from '@tanstack/react-query'
import { ApiProblem, request } from '@/shared/api/client'
import type { Me, PublicSettings } from '@/shared/api/types'

function shouldRetry(failures: number, error: unknown): boolean {
  if (error instanceof ApiProblem && error.status < 500) return false
  return failures < 2
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: shouldRetry, staleTime: 10_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
})

/**
 * Reads again what is shown of it. A question that is under way is let finish, and asked once more after it: events
 * that keep coming would break off one after the other, and a slow server would never get to answer.
 */
export async function reread(queryKey: readonly unknown[]): Promise<void> {
  const isUnderWay = queryClient.isFetching({ queryKey }) > 0
  await queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false })
  if (isUnderWay) await queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false })
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await request<Me>('/api/auth/me', { signal, unauthenticatedIsAnswer: true })
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null
      throw error
    }
  },
  staleTime: 60_000,
})

export const publicSettingsQuery = queryOptions({
  queryKey: ['public-settings'],
  queryFn: ({ signal }) => request<PublicSettings>('/api/settings/public', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})
