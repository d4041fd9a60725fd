import type { Acquisition, VoiCandidate } from '@/shared/api/types'

/** Center and width as the file means them: no thousands separators, no digits that say nothing. */
function plainNumber(value: number): string {
  return String(Number(value.toPrecision(7)))
}

function kindAndNumber(id: string): { kind: string; number: string } {
  const [kind = '', number = ''] = id.split('-')
  return { kind, number }
}

/** "NORMAL", "Window 2", "LUT 2 · HARDER": the file's own word for a way to grey. */
export function greyScaleName(candidate: VoiCandidate): string {
  const { kind, number } = kindAndNumber(candidate.id)
  const explanation = candidate.explanation?.trim()
  if (kind === 'lut') return explanation ? `LUT ${number} · ${explanation}` : `LUT ${number}`
  return explanation || `Window ${number}`
}

/** "SIGMOID C 2047 W 2252"; null for a lookup table, which has no such numbers. */
export function greyScaleNumbers(candidate: VoiCandidate): string | null {
  const parts: string[] = []
  if (candidate.function) parts.push(candidate.function)
  if (candidate.center !== null) parts.push(`C ${plainNumber(candidate.center)}`)
  if (candidate.width !== null) parts.push(`W ${plainNumber(candidate.width)}`)
  return parts.length > 0 ? parts.join(' ') : null
}

/** "NORMAL (default) · SIGMOID C 2047 W 2252", "LUT 2 · HARDER". */
export function greyScaleLabel(candidate: VoiCandidate): string {
  const name = `${greyScaleName(candidate)}${candidate.isDefault ? ' (default)' : ''}`
  const numbers = greyScaleNumbers(candidate)
  return numbers ? `${name} · ${numbers}` : name
}

/** One line of the selector; `voi` null is the picture that every upload gets. */
export interface GreyScale {
  voi: string | null
  name: string
  detail: string | null
}

/** All that can be chosen, the file's order. Nothing to choose where there is only one way. */
export function greyScalesOf(acquisition: Acquisition | null): GreyScale[] {
  const candidates = acquisition?.voiCandidates ?? []
  const choices = candidates.map((candidate) => ({
    voi: candidate.isDefault ? null : candidate.id,
    name: `${greyScaleName(candidate)}${candidate.isDefault ? ' (default)' : ''}`,
    detail: greyScaleNumbers(candidate),
  }))
  if (choices.length === 0 || choices.some((choice) => choice.voi === null)) return choices
  return [{ voi: null, name: 'As converted (default)', detail: null }, ...choices]
}

export function defaultGreyScale(acquisition: Acquisition | null): string {
  return greyScalesOf(acquisition).find((choice) => choice.voi === null)?.name ?? 'the default grey scale'
}

/** The next or previous way, around the end. */
export function stepGreyScale(
  acquisition: Acquisition | null,
  voi: string | null,
  by: 1 | -1,
): string | null | undefined {
  const choices = greyScalesOf(acquisition)
  if (choices.length < 2) return undefined
  const at = choices.findIndex((choice) => choice.voi === voi)
  return choices[(at + by + choices.length) % choices.length]?.voi
}
