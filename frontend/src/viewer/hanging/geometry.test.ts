import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { laidSize, toImage, toPane } from '@/viewer/camera'
import type { Camera, Orientation, Size, ViewingImage } from '@/viewer/types'
import { arrange } from './arrange'
import { boxOf, fitted, oneToOne, trueSize } from './fit'
import { anExam, anImage } from './images.testing'
import { LAYOUTS, paneRects } from './layouts'
import { linkedCamera } from './linked'
import { quadrants, sweep } from './quadrants'
import { wholeOf } from './scale'

const FOUR = ['R CC', 'L CC', 'R MLO', 'L MLO']
const PANE: Size = { width: 700, height: 420 }

const spacings = fc.constantFrom(0.05, 0.065, 0.07, 0.085, 0.1)
const views = fc.constantFrom(...FOUR, 'R ML', 'L XCCL')
/** The four ways that a unit may have stored a picture without turning it on its side, and the four others. */
const turns = fc.constantFrom('as is', 'mirrored', 'upended', 'turned', 'lying')

function stored(orientation: string[] | null, turn: string): string[] | null {
  const opposite = (text: string): string =>
    text.replaceAll(/./g, (one) => 'PALRFH'['APRLHF'.indexOf(one)] ?? '')
  if (orientation === null) return null
  const [row = '', column = ''] = orientation
  if (turn === 'mirrored') return [opposite(row), column]
  if (turn === 'upended') return [row, opposite(column)]
  if (turn === 'turned') return [opposite(row), opposite(column)]
  return turn === 'lying' ? [column, row] : [row, column]
}

const mammograms = fc
  .record({
    view: views,
    spacing: spacings,
    turn: turns,
    rows: fc.integer({ min: 1500, max: 4800 }),
    columns: fc.integer({ min: 1200, max: 4000 }),
  })
  .map(({ view, spacing, turn, rows, columns }) => {
    const [laterality = null, viewPosition = null] = view.split(' ')
    const image = anImage({
      laterality,
      viewPosition,
      rows,
      columns,
      spacing: { rowMm: spacing, columnMm: spacing },
    })
    return { ...image, patientOrientation: stored(image.patientOrientation, turn) }
  })
const exams = fc.array(mammograms, { minLength: 1, maxLength: 10 })
const panes = fc.record({
  width: fc.integer({ min: 120, max: 2000 }),
  height: fc.integer({ min: 120, max: 2600 }),
})

/** The corners of an image in its pane. */
function extent(
  image: ViewingImage,
  camera: Camera,
  pane: Size,
): { left: number; right: number; top: number; bottom: number } {
  const corners = [
    toPane(camera, pane, { x: 0, y: 0 }),
    toPane(camera, pane, { x: image.columns ?? 0, y: image.rows ?? 0 }),
  ]
  const xs = corners.map((corner) => corner.x)
  const ys = corners.map((corner) => corner.y)
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) }
}

describe('an exam, fitted', () => {
  test('has one scale in millimetres, is seen whole, and its chest walls stand at the edges', () => {
    fc.assert(
      fc.property(exams, fc.constantFrom(...LAYOUTS), panes, (images, layout, pane) => {
        const hung = arrange(images, layout, {
          prior: images.map((image) => ({ ...image, id: image.id + 100_000 })),
        })
        const cameras = fitted(
          hung,
          hung.panes.map(() => pane),
        )
        const scales = new Set<string>()
        for (const [index, { image, chestWall }] of hung.panes.entries()) {
          const camera = cameras[index]
          if (image === null || camera === undefined) continue
          scales.add((camera.scale / (image.spacing.columnMm ?? 1)).toPrecision(9))
          const { left, right, top, bottom } = extent(image, camera, pane)
          const gap = chestWall === 'right' ? pane.width - right : chestWall === 'left' ? left : 0
          expect(gap).toBeCloseTo(0, 6)
          expect(left).toBeGreaterThanOrEqual(-1e-6)
          expect(right).toBeLessThanOrEqual(pane.width + 1e-6)
          expect(top).toBeGreaterThanOrEqual(-1e-6)
          expect(bottom).toBeLessThanOrEqual(pane.height + 1e-6)
        }
        expect(scales.size).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('at least one image fills its pane in one direction', () => {
    fc.assert(
      fc.property(exams, panes, (images, pane) => {
        const hung = arrange(images, 'four')
        const cameras = fitted(
          hung,
          hung.panes.map(() => pane),
        )
        const fills = hung.panes.map(({ image }, index) => {
          const camera = cameras[index]
          if (image === null || camera === undefined) return 0
          const laid = laidSize(camera, { width: image.columns ?? 0, height: image.rows ?? 0 })
          return Math.max(laid.width / pane.width, laid.height / pane.height)
        })
        const isHung = fills.some((fill) => fill > 0)
        expect(Math.max(...fills)).toBeCloseTo(isHung ? 1 : 0, 6)
      }),
    )
  })

  test('is as large as the breasts allow where those are known', () => {
    const images = anExam('R CC', 'L CC')
    const [right, left] = images
    if (!right || !left) throw new Error('no images')
    const contents = new Map([
      [right.id, { left: 2328, top: 1000, width: 1000, height: 2000 }],
      [left.id, { left: 0, top: 500, width: 1000, height: 2100 }],
    ])
    const hung = arrange(images, 'cc')
    const cameras = fitted(hung, [PANE, PANE], contents)
    expect(cameras.map((camera) => camera.scale)).toEqual([0.2, 0.2])
    const [one, other] = cameras
    if (!one || !other) throw new Error('no cameras')
    expect(toPane(one, PANE, { x: 3328, y: 2000 })).toEqual({ x: 700, y: 210 })
    expect(toPane(other, PANE, { x: 0, y: 1550 })).toEqual({ x: 0, y: 210 })
  })

  test('an image without millimetres fills its pane by itself, with a note', () => {
    const [right] = anExam('R CC')
    const left = anImage({
      spacing: { rowMm: null, columnMm: null, basis: 'none', label: 'pixels' },
      rows: 420,
      columns: 100,
    })
    const hung = arrange([...(right ? [right] : []), left], 'cc')
    const cameras = fitted(hung, [PANE, PANE])
    expect(cameras[1]?.scale).toBe(1)
    expect(cameras[0]?.scale).toBeCloseTo(420 / 4096)
    expect(hung.notes).toEqual(['No millimetres are known of L CC: not at the scale of the others.'])
  })

  test('where no image tells millimetres all have the scale of their pixels', () => {
    const none = { rowMm: null, columnMm: null, basis: 'none' as const, label: 'pixels' }
    const images = [
      anImage({ laterality: 'R', rows: 4200, columns: 2800, spacing: none }),
      anImage({ laterality: 'L', rows: 2100, columns: 1500, spacing: none }),
    ]
    const hung = arrange(images, 'cc')
    expect(fitted(hung, [PANE, PANE]).map((camera) => camera.scale)).toEqual([0.1, 0.1])
    expect(hung.notes).toEqual(['No image tells millimetres: all have the same scale in pixels.'])
  })

  test('nor where the prior tells none either', () => {
    const none = { rowMm: null, columnMm: null, basis: 'none' as const, label: 'pixels' }
    const images = [anImage({ spacing: none }), anImage({ laterality: 'R', spacing: none })]
    const prior = images.map((image) => ({ ...image, id: image.id + 100_000, rows: 2048, columns: 1664 }))
    const hung = arrange(images, 'prior-cc', { prior })
    expect(fitted(hung, [PANE, PANE, PANE, PANE]).map((camera) => camera.scale)).toEqual(
      [4096, 4096, 2048, 2048].map((rows) => expect.closeTo(420 / rows)),
    )
    expect(hung.notes).toEqual(['No image tells millimetres: all of one exam have the same scale in pixels.'])
  })

  test('a film without millimetres does not share its scale with an exam that has them', () => {
    const none = { rowMm: null, columnMm: null, basis: 'none' as const, label: 'pixels' }
    const prior = ['R', 'L'].map((laterality) =>
      anImage({ laterality, rows: 2100, spacing: none, acquiredAt: null }),
    )
    const hung = arrange(anExam('R CC', 'L CC'), 'prior-cc', { prior })
    const scales = fitted(hung, [PANE, PANE, PANE, PANE]).map((camera) => camera.scale)
    expect(scales).toEqual([420 / 4096, 420 / 4096, 0.2, 0.2].map((scale) => expect.closeTo(scale)))
    expect(hung.notes).toEqual([
      'No millimetres are known of R CC · prior and L CC · prior: not at the scale of the others.',
    ])
  })

  test('a spacing out of all proportion does not make the others tiny', () => {
    const images = anExam('R CC', 'L CC', 'R MLO')
    const wrong = anImage({ viewPosition: 'MLO', spacing: { rowMm: 7, columnMm: 7 } })
    const hung = arrange([...images, wrong], 'four')
    expect(fitted(hung, [PANE, PANE, PANE, PANE]).map((camera) => camera.scale)).toEqual(
      [0, 0, 0, 0].map(() => expect.closeTo(420 / 4096)),
    )
    expect(hung.notes[0]).toBe('The millimetres of L MLO cannot be: not at the scale of the others.')
  })

  test('millimetres of different kinds are named', () => {
    const [right] = anExam('R CC')
    const left = anImage({ spacing: { basis: 'magnification_corrected', label: 'corrected ×1.5' } })
    const hung = arrange([...(right ? [right] : []), left], 'cc')
    expect(hung.notes).toEqual([
      'Millimetres are not of the same kind: R CC at detector; L CC corrected ×1.5.',
    ])
  })

  test('pixels that are no squares keep the proportions of the breast', () => {
    const image = anImage({ rows: 1000, columns: 2000, spacing: { rowMm: 0.2, columnMm: 0.1 } })
    const [camera] = fitted(arrange([image], 'single'), [{ width: 500, height: 500 }])
    expect(camera).toMatchObject({ aspect: 2, scale: 0.25 })
  })

  test('an empty pane and an image of unknown size have a camera too', () => {
    const waiting = anImage({ status: 'pending', rows: null, columns: null })
    const hung = arrange([waiting, ...anExam('R CC')], 'four')
    const cameras = fitted(hung, [PANE, PANE, PANE, PANE])
    expect(cameras.every((camera) => Number.isFinite(camera.scale) && camera.scale > 0)).toBe(true)
  })
})

test('panes stand edge to edge on whole device pixels', () => {
  const stages = fc.record({
    width: fc.integer({ min: 8, max: 3000 }),
    height: fc.integer({ min: 8, max: 3000 }),
    pixelRatio: fc.constantFrom(1, 1.25, 1.5, 2, 3),
  })
  fc.assert(
    fc.property(stages, fc.constantFrom(...LAYOUTS), ({ pixelRatio, ...stage }, layout) => {
      const images = anExam(...FOUR)
      const rects = paneRects(arrange(images, layout, { prior: images }), stage, pixelRatio)
      const area = rects.reduce((sum, { width, height }) => sum + width * height, 0)
      const edges = rects.flatMap(({ left, top, width, height }) => [left, top, left + width, top + height])
      const off = edges.map((edge) => Math.abs(edge * pixelRatio - Math.round(edge * pixelRatio)))
      expect(Math.max(...off)).toBeLessThan(1e-6)
      const [right, bottom] = [stage.width, stage.height].map(
        (one) => Math.round(one * pixelRatio) / pixelRatio,
      )
      expect(area).toBeCloseTo((right ?? 0) * (bottom ?? 0), 4)
    }),
  )
})

test('what is asked of a box beyond the image is the image', () => {
  const image = anImage({ rows: 100, columns: 50 })
  const whole = wholeOf(image)
  expect(boxOf(image, new Map([[image.id, { left: 60, top: 0, width: 9, height: 9 }]]))).toEqual(whole)
  expect(boxOf(image, new Map([[image.id, { left: -5, top: 90, width: 20, height: 90 }]]))).toEqual({
    left: 0,
    top: 90,
    width: 15,
    height: 10,
  })
})

test('one to one is a device pixel a pixel, true size a millimetre a millimetre', () => {
  const image = anImage({ spacing: { rowMm: 0.07, columnMm: 0.07 } })
  const [camera] = fitted(arrange([image], 'single'), [PANE])
  if (!camera) throw new Error('no camera')
  expect(oneToOne(camera, 2).scale).toBe(0.5)
  expect(trueSize(camera, image.spacing, 4)?.scale).toBeCloseTo(0.28)
  expect(trueSize(camera, { ...image.spacing, rowMm: null, columnMm: null }, 4)).toBeNull()
  expect(trueSize(camera, image.spacing, 0)).toBeNull()
})

const orientations = fc.record({
  rotation: fc.constantFrom<Orientation['rotation']>(0, 90, 180, 270),
  isMirrored: fc.boolean(),
})

describe('a sweep by quadrants', () => {
  const small = { rows: fc.integer({ min: 1, max: 300 }), columns: fc.integer({ min: 1, max: 300 }) }
  const cases = fc.record({
    ...small,
    pane: fc.record({ width: fc.integer({ min: 40, max: 400 }), height: fc.integer({ min: 40, max: 400 }) }),
    orientation: orientations,
    scale: fc.constantFrom(1, 0.5, 2),
    aspect: fc.constantFrom(1, 1, 1.5),
  })

  test('leaves no pixel out', () => {
    fc.assert(
      fc.property(cases, ({ rows, columns, pane, orientation, scale, aspect }) => {
        const image = anImage({ rows, columns })
        const camera: Camera = { centre: { x: 0, y: 0 }, scale, aspect, orientation }
        const seen = new Uint8Array(rows * columns)
        for (const place of quadrants(pane, image, camera)) {
          const corners = [
            toImage(place, pane, { x: 0, y: 0 }),
            toImage(place, pane, { x: pane.width, y: pane.height }),
          ]
          const xs = corners.map((corner) => corner.x).toSorted((a, b) => a - b)
          const ys = corners.map((corner) => corner.y).toSorted((a, b) => a - b)
          const within = (low: number, high: number, most: number): [number, number] => [
            Math.max(0, Math.ceil(low - 1e-6)),
            Math.min(most, Math.floor(high + 1e-6)),
          ]
          const [fromX, toX] = within(xs[0] ?? 0, xs[1] ?? 0, columns)
          const [fromY, toY] = within(ys[0] ?? 0, ys[1] ?? 0, rows)
          for (let y = fromY; y < toY; y += 1)
            seen.fill(1, y * columns + fromX, y * columns + Math.max(fromX, toX))
        }
        expect(seen.indexOf(0)).toBe(-1)
      }),
      { numRuns: 300 },
    )
  })

  test('goes from the chest wall outwards, from the top down, and stays where all is seen', () => {
    const [image] = anExam('R CC')
    if (!image) throw new Error('no image')
    const [camera] = fitted(arrange([image], 'single'), [PANE])
    if (!camera) throw new Error('no camera')
    const places = quadrants(PANE, image, oneToOne(camera, 1))
    const first = places[0]
    const last = places.at(-1)
    if (!first || !last) throw new Error('no places')
    expect(toImage(first, PANE, { x: PANE.width, y: 0 })).toEqual({ x: 3328, y: 0 })
    expect(toImage(last, PANE, { x: 0, y: PANE.height })).toEqual({ x: 0, y: 4096 })
    expect(quadrants(PANE, anImage({ rows: 300, columns: 300 }), oneToOne(camera, 1))).toHaveLength(1)
    expect(quadrants(PANE, anImage({ rows: null, columns: null }), camera)).toEqual([camera])
  })

  test('goes over an image that is stored lying as over one that stands', () => {
    const stands = anImage({ laterality: 'R', rows: 3000, columns: 2000, patientOrientation: ['P', 'L'] })
    const lies = anImage({ laterality: 'R', rows: 2000, columns: 3000, patientOrientation: ['L', 'P'] })
    const [one, other] = [stands, lies].map((image) => sweep(PANE, image, 1))
    expect(one).toHaveLength(other?.length ?? 0)
    expect(other?.[0]?.orientation.rotation).not.toBe(0)
    expect(sweep(PANE, stands, 2)[0]?.scale).toBe(0.5)
  })

  test('places overlap and begin at whole pixels', () => {
    const [image] = anExam('L CC')
    if (!image) throw new Error('no image')
    const camera: Camera = {
      centre: { x: 0, y: 0 },
      scale: 0.5,
      aspect: 1,
      orientation: { rotation: 0, isMirrored: false },
    }
    const starts = quadrants(PANE, image, camera).map((place) => toImage(place, PANE, { x: 0, y: 0 }))
    expect(starts.every((start) => Number.isInteger(start.x) && Number.isInteger(start.y))).toBe(true)
    const across = [...new Set(starts.map((start) => start.x))]
    for (const [index, start] of across.slice(1).entries()) {
      expect(start - (across[index] ?? 0)).toBeLessThan((PANE.width / 0.5) * 0.93)
    }
  })
})

describe('linked panes', () => {
  const moved = fc.record({
    x: fc.double({ min: -2000, max: 5000, noNaN: true }),
    y: fc.double({ min: -2000, max: 5000, noNaN: true }),
    scale: fc.double({ min: 0.01, max: 10, noNaN: true }),
  })

  function hung(image: ViewingImage): Camera {
    const [camera] = fitted(arrange([image], 'single'), [PANE])
    if (!camera) throw new Error('no camera')
    return camera
  }

  test('there and back is where one began, at the same size in millimetres', () => {
    fc.assert(
      fc.property(mammograms, mammograms, moved, (one, other, { x, y, scale }) => {
        const from = { image: one, pane: PANE, camera: { ...hung(one), centre: { x, y }, scale } }
        const to = { image: other, pane: PANE, camera: hung(other) }
        const there = linkedCamera(from, to)
        expect(there.scale / (other.spacing.columnMm ?? 1)).toBeCloseTo(
          scale / (one.spacing.columnMm ?? 1),
          6,
        )
        expect(there.orientation).toEqual(to.camera.orientation)
        const back = linkedCamera({ ...to, camera: there }, from)
        expect(back.centre.x).toBeCloseTo(x, 4)
        expect(back.centre.y).toBeCloseTo(y, 4)
        expect(back.scale).toBeCloseTo(scale, 8)
      }),
    )
  })

  test('right and left are moved as in a mirror', () => {
    const [right, left] = anExam('R CC', 'L CC')
    if (!right || !left) throw new Error('no images')
    const from = {
      image: right,
      pane: PANE,
      camera: { ...hung(right), centre: { x: 3028, y: 1000 }, scale: 1 },
    }
    const there = linkedCamera(from, { image: left, pane: PANE, camera: hung(left) })
    expect(there.centre.x).toBeCloseTo(300)
    expect(there.centre.y).toBeCloseTo(1000)
  })

  test('what is fitted in one stays fitted in the other', () => {
    fc.assert(
      fc.property(mammograms, mammograms, (one, other) => {
        const images = [one, { ...other, id: one.id + 1 }]
        const arrangement = arrange(images, 'grid')
        const cameras = fitted(arrangement, [PANE, PANE])
        const [first, second] = arrangement.panes.map((pane, index) => ({ ...pane, camera: cameras[index] }))
        if (!first?.image || !second?.image || !first.camera || !second.camera) throw new Error('no panes')
        const linked = linkedCamera(
          { image: first.image, pane: PANE, camera: first.camera },
          { image: second.image, pane: PANE, camera: second.camera },
        )
        expect(linked.centre.x).toBeCloseTo(second.camera.centre.x, 4)
        expect(linked.centre.y).toBeCloseTo(second.camera.centre.y, 4)
        expect(linked.scale).toBeCloseTo(second.camera.scale, 9)
      }),
    )
  })

  test('without millimetres they are linked by shares of the breast', () => {
    const unknown = { rowMm: null, columnMm: null, basis: 'none' as const, label: 'pixels' }
    const one = anImage({ rows: 1000, columns: 800, spacing: unknown })
    const other = anImage({ rows: 2000, columns: 1600 })
    const from = { image: one, pane: PANE, camera: { ...hung(one), centre: { x: 200, y: 250 }, scale: 1 } }
    const there = linkedCamera(from, { image: other, pane: PANE, camera: hung(other) })
    expect(there.centre).toEqual({ x: expect.closeTo(400), y: expect.closeTo(500) })
    expect(there.scale).toBeCloseTo(0.5)
  })
})
