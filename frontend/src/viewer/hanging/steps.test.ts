import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrange } from './arrange'
import { fitted } from './fit'
import { anExam, anImage } from './images.testing'
import { positionOf, type ReadingPosition, restored, type Step, stepBy, steps } from './steps'

const FOUR = ['R CC', 'L CC', 'R MLO', 'L MLO']

test('one key leads from the overview to the pairs, to each view at 1:1, to the prior', () => {
  expect(steps(anExam(...FOUR), true).map((step) => [step.layout, step.mode, step.title])).toEqual([
    ['four', 'fit', 'Four views, two by two'],
    ['cc', 'fit', 'CC pair'],
    ['mlo', 'fit', 'MLO pair'],
    ['single', 'quadrants', 'R CC at 1:1'],
    ['single', 'quadrants', 'L CC at 1:1'],
    ['single', 'quadrants', 'R MLO at 1:1'],
    ['single', 'quadrants', 'L MLO at 1:1'],
    ['prior-cc', 'fit', 'Current over prior, CC'],
    ['prior-mlo', 'fit', 'Current over prior, MLO'],
  ])
  expect(steps(anExam(...FOUR), false).some((step) => step.layout.startsWith('prior'))).toBe(false)
})

test('further views follow the four; what cannot be shown has no step of its own', () => {
  const waiting = anImage({ laterality: 'R', viewPosition: 'MLO', status: 'pending' })
  const spot = anImage({ laterality: 'R', viewPosition: 'CC', viewModifiers: ['spot_compression'] })
  const way = steps([waiting, spot, ...anExam('R CC', 'L CC')], false)
  expect(way.map((step) => step.title)).toEqual([
    'Four views, two by two',
    'CC pair',
    'MLO pair',
    'R CC at 1:1',
    'L CC at 1:1',
    'R CC · spot at 1:1',
  ])
})

test.each([
  [['R CC'], ['single fit', 'single quadrants']],
  [
    ['R CC', 'L CC'],
    ['cc fit', 'single quadrants', 'single quadrants'],
  ],
  [[], ['single fit']],
])('%j is read in these steps', (views, expected) => {
  expect(steps(anExam(...views), false).map((step) => `${step.layout} ${step.mode}`)).toEqual(expected)
})

test('other pictures are read in a grid, one by one, and beside the prior', () => {
  const images = [1, 2].map(() => anImage({ modality: 'US', laterality: null, viewPosition: null }))
  expect(steps(images, true).map((step) => step.layout)).toEqual(['grid', 'single', 'single', 'prior-single'])
})

test('the way there and the way back pass the same places, each once', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(fc.subarray([...FOUR, 'R ML', 'L CC']), fc.boolean(), counts, (views, hasPrior, parts) => {
      const way = steps(anExam(...views), hasPrior)
      const of = (step: Step): number => parts[way.indexOf(step) % parts.length] ?? 1
      const walk = (from: ReadingPosition, by: 1 | -1): string[] => {
        const seen = []
        for (let at: ReadingPosition | null = from; at !== null; at = stepBy(way, at, by, of)) {
          seen.push(`${at.step} ${at.part}`)
        }
        return seen
      }
      const there = walk({ step: 0, part: 0 }, 1)
      const [step, part] = (there.at(-1) ?? '0 0').split(' ').map(Number)
      expect(walk({ step: step ?? 0, part: part ?? 0 }, -1)).toEqual(there.toReversed())
      expect(there).toHaveLength(way.reduce((sum, one) => sum + (one.mode === 'quadrants' ? of(one) : 1), 0))
    }),
  )
})

test('a layout chosen by hand finds its step', () => {
  const images = anExam(...FOUR)
  const way = steps(images, true)
  expect(positionOf(way, 'mlo', null)).toEqual({ step: 2, part: 0 })
  expect(positionOf(way, 'single', images[1]?.id ?? 0)).toEqual({ step: 4, part: 0 })
  expect(positionOf(way, 'row', null)).toBeNull()
  expect(positionOf(way, 'single', -1)).toBeNull()
})

test('what a reader moved stays where it was under another layout, the rest hangs anew', () => {
  const images = anExam(...FOUR)
  const [moved, hung] = images
  if (!moved || !hung) throw new Error('no images')
  const arrangement = arrange(images, 'cc')
  const sizes = [0, 1].map(() => ({ width: 600, height: 800 }))
  const fits = fitted(arrangement, sizes)
  const camera = {
    centre: { x: 700, y: 900 },
    scale: 1,
    aspect: 1,
    orientation: { rotation: 90, isMirrored: false },
  } as const
  const standings = new Map([
    [moved.id, { camera, isFitted: false }],
    [hung.id, { camera, isFitted: true }],
  ])
  expect(restored(arrangement, sizes, standings)).toEqual([camera, fits[1]])
})
