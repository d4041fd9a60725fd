import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { request, withQuery } from '@/shared/api/client'
import type { ImageStatus, SentImage, SentPage } from '@/shared/api/types'
import { statusInWords } from '@/shared/format/image'
import { attemptsInWords } from '@/shared/format/jobs'
import { type PagePlace, readPagePlace } from '@/shared/ui/KeysetPager'
import type { StatusTone } from '@/shared/ui/StatusBadge'
import { toneOf } from '@/shared/ui/StatusBadge'

export type SentSearch = PagePlace & { status?: ImageStatus }

const STATUSES: readonly ImageStatus[] = ['pending', 'processing', 'ready', 'rejected', 'failed']
const PAGE_SIZE = 30
const POLL_MILLISECONDS = 2000
const IDLE_MILLISECONDS = 15_000

export function readSentSearch(search: Record<string, unknown>): SentSearch {
  return { status: STATUSES.find((status) => status === search.status), ...readPagePlace(search) }
}

/** Asked often while something is under way and no event stream tells of it; never while the page is hidden. */
export function sentPageQuery(search: SentSearch, isLive: boolean) {
  return queryOptions({
    queryKey: ['sent-images', search],
    queryFn: ({ signal }) =>
      request<SentPage>(withQuery('/api/uploads', { ...search, limit: PAGE_SIZE }), { signal }),
    refetchInterval: ({ state }) =>
      !isLive && state.data?.uploads.some(isUnderWay) ? POLL_MILLISECONDS : IDLE_MILLISECONDS,
    placeholderData: keepPreviousData,
  })
}

function isUnderWay({ image }: SentImage): boolean {
  return image.status === 'pending' || image.status === 'processing'
}

export interface SentStanding {
  tone: StatusTone
  word: string
  /** Why, for what ended without a picture. */
  reason: string | null
  /** "attempt 2 of 3": said from the second one on. */
  attempt: string | null
}

/** The image's state, and what its job adds to it. */
export function standingOf({ image, job }: SentImage): SentStanding {
  const attempt = job && job.attemptsMade > 1 ? attemptsInWords(job) : null
  if (image.status === 'ready') return { tone: 'ready', word: 'Ready', reason: null, attempt }
  if (isUnderWay({ image, job })) {
    const isDelayed = image.status === 'pending' && job?.state === 'delayed'
    const word = isDelayed ? 'Waiting to be tried again' : statusInWords(image.status)
    return { tone: 'working', word, reason: isDelayed ? (job?.error ?? null) : null, attempt }
  }
  const reason = image.reason ?? job?.error ?? 'No reason was recorded.'
  if (job?.state === 'cancelled') return { tone: 'unknown', word: 'Taken out', reason, attempt }
  return { tone: toneOf(image.status), word: statusInWords(image.status), reason, attempt }
}
