import { expect, test } from 'vitest'
import { toPane } from '@/viewer/camera'
import { arrange } from './arrange'
import { anImage, usualOrientation } from './images.testing'
import { chestWallOf, contradictsSide, directionsOf, orientationOf, shownDirections } from './orientation'

const SIDES = ['R', 'L'] as const
const VIEWS = ['CC', 'MLO', 'ML', 'LM', 'XCCL', 'LMO', 'FB']

function opposite(text: string): string {
  return text.replaceAll(/./g, (one) => 'PALRFH'['APRLHF'.indexOf(one)] ?? '')
}

/** The eight ways in which a picture may be stored. */
function eight([row = '', column = '']: string[]): string[][] {
  const upright = [
    [row, column],
    [opposite(row), column],
    [row, opposite(column)],
    [opposite(row), opposite(column)],
  ]
  return [...upright, ...upright.map((one) => one.toReversed())]
}

test.each(SIDES.flatMap((side) => VIEWS.map((view) => [side, view] as const)))(
  '%s %s stands rightly however it was stored',
  (laterality, viewPosition) => {
    const usual = usualOrientation(
      laterality,
      viewPosition === 'XCCL' || viewPosition === 'FB' ? 'CC' : viewPosition,
    )
    if (usual === null) throw new Error('no orientation')
    for (const patientOrientation of eight(usual)) {
      const image = anImage({ laterality, viewPosition, patientOrientation })
      const directions = directionsOf(image)
      if (directions === null) throw new Error('no directions')
      const orientation = orientationOf(image)
      expect(shownDirections(directions, orientation)).toEqual({ right: usual[0], down: usual[1] })
      expect(chestWallOf(image, orientation)).toBe(laterality === 'R' ? 'right' : 'left')
    }
  },
)

test('a mirrored picture is mirrored back: what was at its left stands at the right', () => {
  const image = anImage({ laterality: 'R', viewPosition: 'CC', patientOrientation: ['A', 'L'] })
  const camera = { centre: { x: 50, y: 50 }, scale: 1, aspect: 1, orientation: orientationOf(image) }
  expect(toPane(camera, { width: 100, height: 100 }, { x: 10, y: 20 })).toEqual({ x: 90, y: 20 })
})

test.each([
  [null],
  [[]],
  [['MLO']],
  [['P']],
  [['P', 'A']],
  [['PA', 'L']],
  [['X', 'F']],
  [['', '']],
  [['P', 'F', 'L']],
])(
  '%j tells nothing: the picture hangs as it is stored, its chest wall by its side',
  (patientOrientation) => {
    for (const laterality of SIDES) {
      const image = anImage({ laterality, viewPosition: 'MLO', patientOrientation })
      expect(directionsOf(image)).toBeNull()
      expect(orientationOf(image)).toEqual({ rotation: 0, isMirrored: false })
      expect(chestWallOf(image)).toBe(laterality === 'R' ? 'right' : 'left')
    }
  },
)

test('a side that was turned by hand takes its chest wall along', () => {
  const image = anImage({ laterality: 'R', patientOrientation: null })
  expect(chestWallOf(image, { rotation: 0, isMirrored: true })).toBe('left')
  expect(chestWallOf(image, { rotation: 180, isMirrored: false })).toBe('left')
  expect(chestWallOf(image, { rotation: 180, isMirrored: true })).toBe('right')
  expect(chestWallOf(image, { rotation: 90, isMirrored: false })).toBeNull()
})

test('without a side the chest wall still stands upright, the head at the top', () => {
  const image = anImage({ laterality: null, viewPosition: 'MLO', patientOrientation: ['H', 'P'] })
  const directions = directionsOf(image)
  if (directions === null) throw new Error('no directions')
  expect(shownDirections(directions, orientationOf(image)).down).toBe('F')
  expect(chestWallOf(image)).not.toBeNull()
})

test.each([
  ['R', 'CC', ['A', 'R'], true],
  ['R', 'CC', ['P', 'L'], false],
  ['R', 'CC', ['A', 'L'], false],
  ['L', 'CC', ['P', 'L'], true],
  ['L', 'CC', ['A', 'R'], false],
  ['R', 'MLO', ['A', 'FR'], true],
  ['R', 'MLO', ['P', 'FR'], true],
  ['R', 'MLO', ['A', 'HR'], false],
  ['R', 'MLO', ['P', 'FL'], false],
  ['L', 'MLO', ['A', 'FR'], false],
  ['L', 'MLO', ['P', 'FL'], true],
  ['L', 'ML', ['P', 'F'], true],
  ['L', 'ML', ['A', 'F'], false],
  [null, 'CC', ['A', 'R'], false],
])('%s %s with %j contradicts its side: %s', (laterality, viewPosition, patientOrientation, expected) => {
  expect(contradictsSide(anImage({ laterality, viewPosition, patientOrientation }))).toBe(expected)
})

test('what contradicts its side hangs by Patient Orientation, with a warning', () => {
  const image = anImage({ laterality: 'R', viewPosition: 'CC', patientOrientation: ['A', 'R'] })
  const hung = arrange([image], 'single')
  expect(hung.panes[0]?.orientation).toEqual({ rotation: 180, isMirrored: false })
  expect(hung.notes).toEqual(['R CC: Patient Orientation A\\R is that of a left breast; it hangs by it.'])
})

test('a Patient Orientation that means nothing is named', () => {
  const image = anImage({ laterality: 'R', viewPosition: 'CC', patientOrientation: ['X', 'Y'] })
  expect(arrange([image], 'single').notes).toEqual([
    'R CC: Patient Orientation X\\Y means nothing; it hangs as it is stored.',
  ])
})

test('pictures that are no mammograms lie as they are stored', () => {
  const image = anImage({ modality: 'CR', laterality: 'R', patientOrientation: ['L', 'H'] })
  expect(orientationOf(image)).toEqual({ rotation: 0, isMirrored: false })
  expect(chestWallOf(image)).toBeNull()
})
