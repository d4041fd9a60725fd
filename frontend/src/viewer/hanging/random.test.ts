/** Whatever an exam holds: nothing is lost, nothing hangs twice, nothing hangs in another's place. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ViewingImage } from '@/viewer/types'
import { arrange, defaultLayout, layoutsFor, pictureList } from './arrange'
import { fitted } from './fit'
import { anImage } from './images.testing'
import { type LayoutId, LAYOUTS, showsPrior } from './layouts'
import { steps } from './steps'
import { SLOTS, slotOf } from './views'
import { arrangementDescription, paneDescription } from './words'

const DIRECTIONS = ['A', 'P', 'R', 'L', 'H', 'F', 'FL', 'FR', 'HL', 'X', '']

const anything = fc
  .record({
    laterality: fc.constantFrom('R', 'L', 'B', null),
    viewPosition: fc.constantFrom('CC', 'MLO', 'ML', 'XCCL', 'AT', null),
    modality: fc.constantFrom('MG', 'MG', 'MG', 'US', 'CR', null),
    fileType: fc.constantFrom<ViewingImage['fileType']>('dicom', 'dicom', 'png'),
    status: fc.constantFrom<ViewingImage['status']>(
      'ready',
      'ready',
      'pending',
      'processing',
      'failed',
      'rejected',
    ),
    objectKind: fc.constantFrom<ViewingImage['objectKind']>('image', 'image', 'image', 'dose_report'),
    viewModifiers: fc.subarray(['spot_compression', 'magnification', 'implant_displaced', 'specimen'], {
      maxLength: 2,
    }),
    patientOrientation: fc.option(fc.array(fc.constantFrom(...DIRECTIONS), { maxLength: 3 })),
    presentationIntentType: fc.constantFrom('FOR PRESENTATION', 'FOR PROCESSING', null),
    numberOfFrames: fc.constantFrom(1, 1, 40, null),
    qualityControlImage: fc.constantFrom(false, false, true, null),
    partialView: fc.constantFrom(false, true, null),
    acquiredAt: fc.constantFrom('2026-11-23T09:00:00', '2026-11-23T09:05:00', 'no time', null),
    rows: fc.constantFrom(4096, 2294, 300, 1, 0, null),
    columns: fc.constantFrom(3328, 1914, 200, 1, null),
    mm: fc.constantFrom(0.07, 0.1, 7, null),
  })
  .map(({ mm, ...wanted }) => anImage({ ...wanted, spacing: { rowMm: mm, columnMm: mm } }))

const exams = fc.array(anything, { maxLength: 14 })
const layouts = fc.constantFrom<LayoutId>(...LAYOUTS)

function hungIds(exam: ReturnType<typeof arrange>): number[] {
  return exam.panes.filter((pane) => !pane.isPrior).flatMap((pane) => pane.image?.id ?? [])
}

test('every picture stands in one pane or in the strip, and reports in neither', () => {
  fc.assert(
    fc.property(exams, exams, layouts, (images, prior, layout) => {
      const hung = arrange(images, layout, { prior })
      const shown = [...hungIds(hung), ...hung.strip.map((image) => image.id)]
      const pictures = images.filter((image) => image.objectKind === 'image').map((image) => image.id)
      expect(shown.toSorted((a, b) => a - b)).toEqual(pictures.toSorted((a, b) => a - b))
    }),
  )
})

test('what hangs in a place is of that side and view; panes have keys and places of their own', () => {
  fc.assert(
    fc.property(exams, exams, layouts, (images, prior, layout) => {
      const { panes, rows, columns } = arrange(images, layout, { prior })
      expect(panes.every(({ image, slot }) => image === null || slotOf(image) === slot)).toBe(true)
      expect(new Set(panes.map((pane) => pane.key)).size).toBe(panes.length)
      expect(new Set(panes.map(({ place }) => `${place.row} ${place.column}`)).size).toBe(panes.length)
      expect(panes.every(({ place }) => place.row < rows && place.column < columns)).toBe(true)
      expect(panes.every(({ image, missing }) => (image?.status === 'ready') === (missing === null))).toBe(
        true,
      )
      expect(panes.length).toBeGreaterThan(0)
    }),
  )
})

test('the order in which images came changes nothing', () => {
  fc.assert(
    fc.property(exams, layouts, fc.integer(), (images, layout, by) => {
      const moved = images.toSorted((one, other) => ((one.id * by) % 101) - ((other.id * by) % 101))
      const [one, other] = [arrange(images, layout), arrange(moved, layout)]
      expect(hungIds(one)).toEqual(hungIds(other))
      expect(one.strip.map((image) => image.id)).toEqual(other.strip.map((image) => image.id))
      expect(one.notes).toEqual(other.notes)
    }),
  )
})

test('cameras can always be drawn with', () => {
  fc.assert(
    fc.property(exams, exams, layouts, (images, prior, layout) => {
      const hung = arrange(images, layout, { prior })
      const cameras = fitted(
        hung,
        hung.panes.map(() => ({ width: 640, height: 400 })),
      )
      const isDrawn = cameras.every(
        ({ scale, aspect, centre }) =>
          scale > 0 && [scale, aspect, centre.x, centre.y].every(Number.isFinite),
      )
      expect(isDrawn).toBe(true)
      expect(cameras).toHaveLength(hung.panes.length)
    }),
  )
})

test('an exam opens under a layout that menus offer, and every layout offered is shown as such', () => {
  fc.assert(
    fc.property(exams, exams, (images, prior) => {
      const offered = layoutsFor(images, prior.length > 0)
      const isEmpty = pictureList(images).length === 0
      expect([...offered, ...(isEmpty ? ['single'] : [])]).toContain(defaultLayout(images))
      expect(offered.map((layout) => arrange(images, layout, { prior }).layout)).toEqual(offered)
      expect(offered.some(showsPrior) && prior.length === 0).toBe(false)
    }),
  )
})

test('the way of one key passes every picture that can be shown, each once, in layouts that exist', () => {
  fc.assert(
    fc.property(exams, fc.boolean(), (images, hasPrior) => {
      const way = steps(images, hasPrior)
      const seen = way.flatMap((step) => step.active ?? [])
      const shown = pictureList(images).filter((image) => image.status === 'ready')
      expect(seen.toSorted((a, b) => a - b)).toEqual(shown.map((image) => image.id).toSorted((a, b) => a - b))
      expect(new Set(way.map((step) => step.key)).size).toBe(way.length)
      expect(way.length).toBeGreaterThan(0)
    }),
  )
})

test('everything can be said in words', () => {
  fc.assert(
    fc.property(exams, exams, layouts, (images, prior, layout) => {
      const hung = arrange(images, layout, { prior, priorAt: '2024-05-12T10:00:00' })
      const words = [
        ...hung.panes.flatMap((pane) => [pane.label, paneDescription(pane)]),
        ...hung.notes,
        arrangementDescription(hung.layout, hung.panes),
      ]
      expect(words.filter((word) => /undefined|null|NaN|^\W|_| {2}/.test(word))).toEqual([])
    }),
  )
})

test('the four places are those of the server', () => {
  expect(SLOTS).toEqual(['R CC', 'L CC', 'R MLO', 'L MLO'])
})
