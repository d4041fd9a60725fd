/** What a reader is to know about the exam as it hangs: everything that is not as one would expect. Pure. */
import type { ViewingImage } from '@/viewer/types'
import { warningInWords } from '@/shared/format/image'
import { contradictsSide, directionsOf } from './orientation'
import type { HungPane } from './arrange'
import { millimetres, scaleGroups } from './scale'
import { isDoseReport, isForProcessing, isMammogram, sideOf } from './views'
import { imagesInWords, listInWords, viewLabel } from './words'

/** Warnings of the server that put the hanging in doubt. */
const DOUBTS: ReadonlySet<string> = new Set([
  'laterality_conflict',
  'laterality_assumed_from_orientation',
  'view_position_conflict',
])

function hung(panes: readonly HungPane[]): (HungPane & { image: ViewingImage })[] {
  return panes.flatMap((pane) => (pane.image === null ? [] : [{ ...pane, image: pane.image }]))
}

function orientationNotes(panes: readonly HungPane[]): string[] {
  return hung(panes).flatMap(({ label, image }) => {
    const said = (image.patientOrientation ?? []).join('\\')
    if (contradictsSide(image)) {
      const other = sideOf(image) === 'R' ? 'left' : 'right'
      return [`${label}: Patient Orientation ${said} is that of a ${other} breast; it hangs by it.`]
    }
    if (isMammogram(image) && image.patientOrientation?.length === 2 && directionsOf(image) === null) {
      return [`${label}: Patient Orientation ${said} means nothing; it hangs as it is stored.`]
    }
    return []
  })
}

function scaleNotes(panes: readonly HungPane[]): string[] {
  const images = hung(panes)
  const groups = scaleGroups(panes)
  const kinds = new Set(images.map(({ key }) => groups.get(key) ?? key))
  if (images.length < 2) return []
  if (!kinds.has('mm') && [...kinds].every((kind) => kind.startsWith('px'))) {
    return [
      `No image tells millimetres: all${kinds.size > 1 ? ' of one exam' : ''} have the same scale in pixels.`,
    ]
  }
  const apart = images.filter(({ key }) => groups.get(key) !== 'mm')
  const unknown = apart.filter(({ image }) => millimetres(image) === null).map(({ label }) => label)
  const wrong = apart.filter(({ image }) => millimetres(image) !== null).map(({ label }) => label)
  const notes = [
    ...(unknown.length > 0
      ? [`No millimetres are known of ${listInWords(unknown)}: not at the scale of the others.`]
      : []),
    ...(wrong.length > 0
      ? [`The millimetres of ${listInWords(wrong)} cannot be: not at the scale of the others.`]
      : []),
  ]
  const bases = new Map<string, string[]>()
  for (const { key, label, image } of images) {
    if (groups.get(key) !== 'mm') continue
    bases.set(image.spacing.label, [...(bases.get(image.spacing.label) ?? []), label])
  }
  if (bases.size > 1) {
    const each = [...bases].map(([words, labels]) => `${listInWords(labels)} ${words}`)
    notes.push(`Millimetres are not of the same kind: ${each.join('; ')}.`)
  }
  return notes
}

function unknownNotes(images: readonly ViewingImage[]): string[] {
  const mammograms = images.filter(isMammogram)
  const sideless = mammograms.filter((image) => image.laterality === null).length
  const viewless = mammograms.filter(
    (image) => image.laterality !== null && image.viewPosition === null,
  ).length
  return [
    ...(sideless > 0 ? [`The side of ${imagesInWords(sideless)} is unknown.`] : []),
    ...(viewless > 0 ? [`The view of ${imagesInWords(viewless)} is unknown.`] : []),
  ]
}

function repeatNotes(panes: readonly HungPane[]): string[] {
  return hung(panes)
    .filter(({ slot, alternatives }) => slot !== null && alternatives.length > 0)
    .map(({ slot, label, alternatives, isPrior }) =>
      isPrior
        ? `${label}: ${imagesInWords(alternatives.length)} more of this view in the prior exam.`
        : `${slot}: ${imagesInWords(alternatives.length)} more of this view in the strip.`,
    )
}

function processingNotes(panes: readonly HungPane[]): string[] {
  return hung(panes)
    .filter(({ image }) => isForProcessing(image))
    .map(({ image }) => `${viewLabel(image)} is FOR PROCESSING: there is no picture for presentation.`)
}

/** What the server says about side and view, of the images that hang by them. */
function doubtNotes(panes: readonly HungPane[]): string[] {
  return hung(panes).flatMap(({ label, image }) =>
    image.warnings
      .filter((warning) => DOUBTS.has(warning))
      .map((warning) => `${label}: ${warningInWords(warning)}`),
  )
}

export function notesOf(panes: readonly HungPane[], images: readonly ViewingImage[]): string[] {
  const reports = images.filter(isDoseReport).length
  const controls = images.filter((image) => image.qualityControlImage === true).length
  return [
    ...orientationNotes(panes),
    ...doubtNotes(panes),
    ...processingNotes(panes),
    ...repeatNotes(panes),
    ...scaleNotes(panes),
    ...unknownNotes(images),
    ...(controls > 0 ? [`${imagesInWords(controls)} for quality control stay in the strip.`] : []),
    ...(reports > 0
      ? [`${reports === 1 ? 'A dose report does' : `${reports} dose reports do`} not hang.`]
      : []),
  ]
}
