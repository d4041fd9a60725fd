import { correctImages, type BulkEnd, type SideAndView } from '@/shared/api/bulk'
import type { ImageSummary } from '@/shared/api/types'
import { sideInWords, sourceInWords } from '@/shared/format/image'
import { formatCount } from '@/shared/format/numbers'

/** What the form holds: nothing said, back to the file's word, or a term. */
export const UNTOUCHED = ''
export const AS_THE_FILE_SAYS = 'file'

export interface WantedTerms {
  laterality: string
  viewPosition: string
}

type Corrected = Pick<
  ImageSummary,
  'id' | 'laterality' | 'lateralitySource' | 'viewPosition' | 'viewPositionSource'
>

/** The source of a side or view that somebody has corrected. */
const PERSON = 'person'

/** What to send; null when nothing is said. */
export function changeOf(wanted: WantedTerms): SideAndView | null {
  const change: SideAndView = {}
  for (const field of ['laterality', 'viewPosition'] as const) {
    if (wanted[field] === UNTOUCHED) continue
    change[field] = wanted[field] === AS_THE_FILE_SAYS ? null : wanted[field]
  }
  return Object.keys(change).length > 0 ? change : null
}

export interface Turn {
  imageIds: number[]
  change: SideAndView
}

/** What brings these images back to how they were before `change`: those with the same past go together. */
export function turnsBack(before: readonly Corrected[], change: SideAndView): Turn[] {
  const turns = new Map<string, Turn>()
  for (const image of before) {
    const back: SideAndView = {}
    if (change.laterality !== undefined)
      back.laterality = image.lateralitySource === PERSON ? image.laterality : null
    if (change.viewPosition !== undefined)
      back.viewPosition = image.viewPositionSource === PERSON ? image.viewPosition : null
    const key = JSON.stringify(back)
    const turn = turns.get(key) ?? { imageIds: [], change: back }
    turn.imageIds.push(image.id)
    turns.set(key, turn)
  }
  return [...turns.values()]
}

export async function turnBack(turns: readonly Turn[]): Promise<BulkEnd> {
  const end: BulkEnd = { done: [], refused: [] }
  for (const turn of turns) {
    const { done, refused } = await correctImages(turn.imageIds, turn.change)
    end.done.push(...done)
    end.refused.push(...refused)
  }
  return end
}

export interface Standing {
  words: string
  count: number
}

/** What images say now and where from, each once with its number: "R, right, from Image Laterality" × 8. */
export function standingsOf(images: readonly Corrected[], field: keyof WantedTerms): Standing[] {
  const counts = new Map<string, number>()
  for (const image of images) {
    const words = standingInWords(image, field)
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  return [...counts].map(([words, count]) => ({ words, count })).toSorted((a, b) => b.count - a.count)
}

function standingInWords(image: Corrected, field: keyof WantedTerms): string {
  const value = image[field]
  if (value === null) return 'the file says nothing'
  const named = field === 'laterality' ? `${value}, ${sideInWords(value)}` : value
  const from = sourceInWords(image[`${field}Source`])
  return from ? `${named} (${from})` : named
}

/** "8 × R, right (from Image Laterality); 4 × the file says nothing". */
export function standingsInWords(standings: readonly Standing[]): string {
  return standings.map(({ words, count }) => `${formatCount(count)} × ${words}`).join('; ')
}
