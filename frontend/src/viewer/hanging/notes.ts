/** What a reader is to know about the exam as it hangs: everything that is not as one would expect. Pure. */
import type { ViewingImage, ViewingSpacing } from '@/viewer/types'
import { contradictsSide, directionsOf } from './orientation'
import type { HungPane } from './arrange'
import { ownScale } from './scale'
import { isDoseReport, isForProcessing, isMammogram, sideOf } from './views'
import { imagesInWords, listInWords, viewLabel } from './words'

/** What the millimetres of an image are millimetres of. */
function basisWords(spacing: ViewingSpacing): string {
  return spacing.label
}

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
  if (images.length < 2) return []
  const own = ownScale(panes)
  const notes = images.flatMap(({ key, label, image }) => {
    if (!own.has(key)) return []
    if (image.spacing.rowMm === null || image.spacing.columnMm === null) {
      return [`${label} tells no millimetres: it fills its pane and has not the scale of the others.`]
    }
    return [`${label} would be out of all proportion: it fills its pane and has not the scale of the others.`]
  })
  const together = images.filter(({ key }) => !own.has(key))
  const bases = new Map<string, string[]>()
  for (const { label, image } of together) {
    const words = basisWords(image.spacing)
    bases.set(words, [...(bases.get(words) ?? []), label])
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
    .map(({ slot, label, alternatives, isPrior }) => {
      const further = alternatives.map((image) => viewLabel(image))
      const name = isPrior ? label : slot
      return `${name}: ${imagesInWords(further.length)} more of this view in the strip.`
    })
}

function processingNotes(panes: readonly HungPane[]): string[] {
  return hung(panes)
    .filter(({ image }) => isForProcessing(image))
    .map(({ image }) => `${viewLabel(image)} is FOR PROCESSING: there is no picture for presentation.`)
}

export function notesOf(panes: readonly HungPane[], images: readonly ViewingImage[]): string[] {
  const reports = images.filter(isDoseReport).length
  const controls = images.filter((image) => image.qualityControlImage === true).length
  return [
    ...orientationNotes(panes),
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
