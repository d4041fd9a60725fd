import type { News } from '@/shared/api/types'
import { plural } from '@/shared/format/numbers'

/** One line of the centre: a piece of news, or several images that became ready one after the other. */
export type NewsEntry =
  { kind: 'one'; news: News } | { kind: 'ready'; news: readonly News[]; key: string; isUnread: boolean }

/** So many in a row are told in one line: what went wrong is not to drown among what went well. */
const FEWEST_IN_GROUP = 3

export function groupNews(all: readonly News[]): NewsEntry[] {
  const entries: NewsEntry[] = []
  let run: News[] = []
  function endRun(): void {
    const [first] = run
    if (first && run.length >= FEWEST_IN_GROUP)
      entries.push({ kind: 'ready', news: run, key: first.jobId, isUnread: first.unread })
    else entries.push(...run.map((news) => ({ kind: 'one' as const, news })))
    run = []
  }
  for (const news of all) {
    // What is read and what is not stay apart, so that the mark means all of a line.
    if (news.state !== 'ready' || (run[0] && run[0].unread !== news.unread)) endRun()
    if (news.state === 'ready') run.push(news)
    else entries.push({ kind: 'one', news })
  }
  endRun()
  return entries
}

export function nameOf(news: News): string {
  return news.fileName ?? `Image ${news.imageId}, deleted since`
}

export function isTakenOut(news: News): boolean {
  return news.reasonCode === 'cancelled'
}

/** What became of it, without its name: "was rejected". */
export function outcomeInWords(news: News): string {
  if (news.state === 'ready') return 'is ready'
  if (news.kind === 'render_on_demand') return 'another picture of it could not be made'
  if (news.kind === 'remake_renditions') return 'its pictures could not be made anew'
  if (isTakenOut(news)) return 'was taken out of the queue'
  return news.state === 'rejected' ? 'was rejected' : 'failed'
}

/** What went wrong since the news that were known; none when nothing was known yet. */
export function newTroubles(before: readonly News[] | undefined, now: readonly News[]): News[] {
  if (before === undefined) return []
  const known = new Set(before.map((news) => `${news.jobId} ${news.at}`))
  const newest = before[0]?.at ?? ''
  return now.filter(
    (news) => news.state !== 'ready' && news.at >= newest && !known.has(`${news.jobId} ${news.at}`),
  )
}

/** For the live region: one trouble in full, several by their number. */
export function troublesInWords(troubles: readonly News[]): string {
  const [first] = troubles
  if (!first) return ''
  if (troubles.length > 1) return `${plural(troubles.length, 'upload')} did not work. See Notifications.`
  return `${nameOf(first)}: ${outcomeInWords(first)}. ${first.reason ?? ''}`.trim()
}

/** On the bell: small enough to be a badge. The server stops counting at a thousand. */
export function badgeOf(unread: number): string {
  return unread > 99 ? '99+' : String(unread)
}
