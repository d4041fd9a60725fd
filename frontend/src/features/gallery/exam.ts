import type { Count, HangingPlace, Study } from '@/shared/api/studies'
import { formatDate } from '@/shared/format/dates'
import { formatCount, plural } from '@/shared/format/numbers'
import type { StatusTone } from '@/shared/ui/StatusBadge'

/** The four places as they hang; an exam without mammographic views shows its first pictures instead. */
export function placesOf(study: Study): HangingPlace[] {
  if (study.others.length === 0 || study.hanging.some((place) => place.image !== null)) return study.hanging
  return Array.from({ length: 4 }, (_, index) => ({ slot: '', image: study.others[index] ?? null }))
}

/** What is odd about an exam, in a word each; views that are missing are seen by their empty places. */
export function chipsOf(study: Study): string[] {
  const { repeated, extra } = study.views
  const chips: string[] = []
  if (repeated.length > 0) chips.push(`${repeated.join(', ')} repeated`)
  if (extra.length > 0) chips.push(`${plural(extra.length, 'extra view')}`)
  if (study.memberCount > 1) chips.push(`${formatCount(study.memberCount)} studies grouped`)
  if (study.suggestion) chips.push('belongs to another?')
  return chips
}

export interface ExamStanding {
  tone: StatusTone
  words: string
}

/** Null once everything is ready: that needs no word. */
export function standingOf({ state, statusCounts: counts }: Study): ExamStanding | null {
  if (state === 'processing')
    return { tone: 'working', words: `Converting ${formatCount(counts.pending + counts.processing)}` }
  if (state !== 'troubled') return null
  const words = [
    counts.failed > 0 ? `${formatCount(counts.failed)} failed` : null,
    counts.rejected > 0 ? `${formatCount(counts.rejected)} rejected` : null,
  ]
  return { tone: counts.failed > 0 ? 'failed' : 'rejected', words: words.filter(Boolean).join(', ') }
}

/** What a screen reader says of an exam: when, what is there and what is not; without the patient's name. */
export function describeExam(study: Study): string {
  const { missing } = study.views
  return [
    `Exam ${study.patientId ?? study.id}`,
    study.studyAt ? formatDate(study.studyAt) : null,
    plural(study.imageCount, 'image'),
    missing.length > 0 ? `${missing.join(', ')} missing` : null,
    ...chipsOf(study),
    standingOf(study)?.words,
  ]
    .filter(Boolean)
    .join(', ')
}

/** "1 234"; "10 000+" where counting went no further. */
export function countInWords({ count, capped }: Count): string {
  return `${formatCount(count)}${capped ? '+' : ''}`
}
