import { NoConnection } from '@/shared/api/client'
import { connection } from '@/shared/api/connection'
import type { Health } from '@/shared/api/types'

/** 503 carries the same body, and is what one wants to read here: it is no error of this page. */
async function readHealth(): Promise<Health> {
  const response = await fetch('/health', { headers: { Accept: 'application/json' } }).catch(() => {
    connection.lost()
    throw new NoConnection()
  })
  return (await response.json()) as Health
}

export const healthQuery = {
  queryKey: ['health'],
  queryFn: readHealth,
  refetchInterval: 10_000,
}
