import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { request, withQuery } from '@/shared/api/client'
import { queryClient } from '@/shared/api/queries'
import type {
  Job,
  NewsPage,
  NotificationSettings,
  NotificationSettingsChange,
  WebhookTested,
} from '@/shared/api/types'

const PAGE_SIZE = 30
const ROOT = '/api/notifications'

export const newsQuery = infiniteQueryOptions({
  queryKey: ['notifications', 'news'],
  queryFn: ({ pageParam, signal }) =>
    request<NewsPage>(withQuery(ROOT, { cursor: pageParam, limit: PAGE_SIZE }), { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.nextCursor,
})

type AllNews = InfiniteData<NewsPage, string | null>

function changeNews(change: (data: AllNews) => AllNews): void {
  queryClient.setQueryData<AllNews>([...newsQuery.queryKey], (data) => (data ? change(data) : data))
}

/** The count comes ahead of the news themselves. */
export function setUnread(unread: number): void {
  changeNews((data) => ({ ...data, pages: data.pages.map((page) => ({ ...page, unread })) }))
}

/** What was read on and on is forgotten; else all of it would be read again with each piece of news. */
export function keepFirstPage(): void {
  changeNews((data) => ({ pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) }))
}

export async function markRead(upTo: string): Promise<void> {
  const { unread } = await request<{ unread: number }>(`${ROOT}/read`, { method: 'POST', body: { upTo } })
  setUnread(unread)
}

export const settingsQuery = queryOptions({
  queryKey: ['notifications', 'settings'],
  queryFn: ({ signal }) => request<NotificationSettings>(`${ROOT}/settings`, { signal }),
})

export const deliveriesQuery = queryOptions({
  queryKey: ['notifications', 'deliveries'],
  queryFn: async ({ signal }) =>
    (await request<{ deliveries: Job[] }>(`${ROOT}/deliveries`, { signal })).deliveries,
  refetchInterval: 15_000,
})

/** Takes over what the server has made of a change; its secret, if any, is only in the answer. */
export async function saveSettings(change: NotificationSettingsChange): Promise<NotificationSettings> {
  const answer = await request<NotificationSettings>(`${ROOT}/settings`, { method: 'PATCH', body: change })
  queryClient.setQueryData(settingsQuery.queryKey, { ...answer, webhookSecret: null })
  return answer
}

export function renewSecret(): Promise<NotificationSettings> {
  return request(`${ROOT}/webhook/secret`, { method: 'POST' })
}

export function testWebhook(): Promise<WebhookTested> {
  return request(`${ROOT}/webhook/test`, { method: 'POST' })
}
