/** What the hanging says to people: labels of panes, words of empty ones, remarks, descriptions for screen readers. */
import { formatDate } from '@/shared/format/dates'
import type { ViewingImage } from '@/viewer/types'
import type { LayoutId } from './layouts'
import { isForProcessing, isSynthesised, isTomosynthesis, type Slot } from './views'

const MODIFIERS: Readonly<Record<string, string>> = {
  anterior_compression: 'anterior compression',
  axillary_tail: 'axillary tail',
  axillary_tissue: 'axillary tissue',
  cleavage: 'cleavage',
  implant_displaced: 'implant displaced',
  infra_mammary_fold: 'inframammary fold',
  magnification: 'magnified',
  nipple_in_profile: 'nipple in profile',
  rolled_inferior: 'rolled inferior',
  rolled_lateral: 'rolled lateral',
  rolled_medial: 'rolled medial',
  rolled_superior: 'rolled superior',
  specimen: 'specimen',
  spot_compression: 'spot',
  tangential: 'tangential',
}

const LAYOUT_NAMES: Readonly<Record<LayoutId, string>> = {
  four: 'Four views, two by two',
  row: 'Four views in a row',
  cc: 'CC pair',
  mlo: 'MLO pair',
  right: 'Right breast',
  left: 'Left breast',
  displaced: 'Four views, implant displaced',
  single: 'One image',
  grid: 'Grid',
  'prior-four': 'Current over prior, four views',
  'prior-cc': 'Current over prior, CC',
  'prior-mlo': 'Current over prior, MLO',
  'prior-single': 'Current beside prior, one view',
}

export function layoutName(layout: LayoutId): string {
  return LAYOUT_NAMES[layout]
}

export function modifierName(modifier: string): string {
  return MODIFIERS[modifier] ?? modifier.replaceAll('_', ' ')
}

/** "R MLO", "B CC", "MLO, side unknown", or what else the image can be called. */
export function viewLabel(image: ViewingImage): string {
  const { laterality, viewPosition } = image
  if (laterality !== null && viewPosition !== null) return `${laterality} ${viewPosition}`
  if (viewPosition !== null) return `${viewPosition}, side unknown`
  if (laterality !== null) return `${laterality}, view unknown`
  if (image.modality === 'MG') return 'Side and view unknown'
  return (
    [image.seriesDescription, image.modality, image.originalName].find((word) => word) ?? `Image ${image.id}`
  )
}

/** What sets an image apart from the plain view of its name. */
export function imageRemarks(image: ViewingImage): string[] {
  return [
    ...image.viewModifiers.map(modifierName),
    ...(image.partialView === true ? ['partial view'] : []),
    ...(isTomosynthesis(image) ? [`${image.numberOfFrames} frames`] : []),
    ...(isSynthesised(image) ? ['synthesised'] : []),
    ...(isForProcessing(image) ? ['FOR PROCESSING'] : []),
    ...(image.qualityControlImage === true ? ['quality control'] : []),
  ]
}

/** "R MLO · spot, magnified · prior 12 May 2024". */
export function paneLabel(image: ViewingImage, prior: { at: string | null } | null = null): string {
  return [viewLabel(image), imageRemarks(image).join(', '), priorWords(prior)].filter(Boolean).join(' · ')
}

/** Of a place without an image: "R MLO · prior 12 May 2024". */
export function slotLabel(slot: Slot, prior: { at: string | null } | null = null): string {
  return [slot, priorWords(prior)].filter(Boolean).join(' · ')
}

function priorWords(prior: { at: string | null } | null): string {
  if (prior === null) return ''
  return prior.at === null || Number.isNaN(Date.parse(prior.at)) ? 'prior' : `prior ${formatDate(prior.at)}`
}

/** Why there is nothing to look at; null: there is. */
export function standingWords(image: ViewingImage): string | null {
  const reason = image.reason ? ` ${image.reason}` : ''
  switch (image.status) {
    case 'ready':
      return null
    case 'pending':
      return 'Waiting to be converted.'
    case 'processing':
      return 'Being converted.'
    case 'failed':
      return `Could not be converted.${reason}`
    case 'rejected':
      return `Rejected.${reason}`
  }
}

export function missingWords(slot: Slot, isPrior: boolean): string {
  return isPrior ? `No ${slot} in the prior exam.` : `No ${slot} in this exam.`
}

/** "R CC, L CC and R MLO". */
export function listInWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** "1 image", "2 images". */
export function imagesInWords(count: number): string {
  return count === 1 ? '1 image' : `${count} images`
}

const SIDE_WORDS: Readonly<Record<string, string>> = { R: 'Right', L: 'Left', B: 'Both breasts' }

/** For those who hear the pane: "Right CC, spot, prior exam of 12 May 2024. Waiting to be converted." */
export function paneDescription(pane: DescribedPane): string {
  const { image, slot } = pane
  const side = image?.laterality ?? slot?.slice(0, 1) ?? null
  const view = image === null ? slot?.slice(2) : image.viewPosition
  const named = [side === null ? null : (SIDE_WORDS[side] ?? side), view].filter(Boolean).join(' ')
  const name = named || (image === null ? 'Empty pane' : viewLabel(image))
  const when = pane.isPrior
    ? dated('prior exam', image?.acquiredAt ?? null)
    : dated('acquired', image?.acquiredAt ?? null)
  const parts = [
    name,
    ...(image === null ? [] : imageRemarks(image)),
    image === null && !pane.isPrior ? '' : when,
  ]
  return [`${parts.filter(Boolean).join(', ')}.`, pane.missing].filter(Boolean).join(' ')
}

interface DescribedPane {
  readonly image: ViewingImage | null
  readonly slot: Slot | null
  readonly isPrior: boolean
  readonly missing: string | null
}

function dated(what: string, at: string | null): string {
  if (at === null || Number.isNaN(Date.parse(at))) return what === 'acquired' ? '' : what
  return `${what}${what === 'acquired' ? '' : ' of'} ${formatDate(at)}`
}

/** For those who hear the whole: "Four views, two by two: R CC, L CC and R MLO; nothing to show for L MLO." */
export function arrangementDescription(
  layout: LayoutId,
  panes: readonly (DescribedPane & { readonly label: string })[],
): string {
  const shown = panes.filter((pane) => pane.missing === null).map((pane) => pane.label)
  const empty = panes.filter((pane) => pane.missing !== null).map((pane) => pane.label)
  const nothing = empty.length === 0 ? '' : `nothing to show for ${listInWords(empty)}`
  return `${layoutName(layout)}: ${[listInWords(shown), nothing].filter(Boolean).join('; ')}.`
}

/** "R CC at 1:1, place 3 of 12", "CC pair". `part` from 0. */
export function stepDescription(step: { readonly title: string }, part: number, parts: number): string {
  return parts > 1 ? `${step.title}, place ${part + 1} of ${parts}` : step.title
}

interface Person {
  readonly patientId: string | null
  readonly patientName: string | null
  readonly patientBirthDate: string | null
}

/** "Doe, Jane · P-1042 · born 15 Jun 1980"; null: nobody is named. A name that is the id as well is told once. */
export function patientWords({ patientName, patientId, patientBirthDate }: Person): string | null {
  const words = [nameInWords(patientName), patientId, birthInWords(patientBirthDate)].filter(Boolean)
  return words.length > 0 ? [...new Set(words)].join(' · ') : null
}

/** Of PN (PS3.5 6.2): family^given^middle^prefix^suffix=ideographic=phonetic. */
function nameInWords(name: string | null): string {
  const [alphabetic = ''] = (name ?? '').split('=')
  const [family = '', given = '', middle = ''] = alphabetic.split('^').map((part) => part.trim())
  return [family, [given, middle].filter(Boolean).join(' ')].filter(Boolean).join(', ')
}

function birthInWords(date: string | null): string {
  if (date === null || date === '') return ''
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(date) ?? []
  return year === undefined ? `born ${date}` : `born ${formatDate(`${year}-${month}-${day}T12:00:00`)}`
}
