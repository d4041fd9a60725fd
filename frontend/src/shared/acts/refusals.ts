import type { BulkEnd, Refusal } from '@/shared/api/bulk'
import { formatCount, plural } from '@/shared/format/numbers'

const MOST_REASONS = 2

/** "3 of 12 images could not be deleted: Only an administrator…"; null when nothing was refused. */
export function refusalsInWords(end: BulkEnd, what: string, participle: string): string | null {
  const { done, refused } = end
  if (refused.length === 0) return null
  const all = done.length + refused.length
  const who = all === 1 ? `The ${what}` : `${formatCount(refused.length)} of ${plural(all, what)}`
  return `${who} could not be ${participle}: ${reasonsOf(refused)}`
}

/** Each reason once, the most frequent first. */
function reasonsOf(refused: readonly Refusal[]): string {
  const counts = new Map<string, number>()
  for (const { detail } of refused) counts.set(detail, (counts.get(detail) ?? 0) + 1)
  const reasons = [...counts].toSorted(([, a], [, b]) => b - a)
  const told = reasons
    .slice(0, MOST_REASONS)
    .map(([detail, count]) => (reasons.length > 1 ? `${detail} (${formatCount(count)})` : detail))
  if (reasons.length > MOST_REASONS)
    told.push(`and ${plural(reasons.length - MOST_REASONS, 'other reason')}.`)
  return told.join(' ')
}
