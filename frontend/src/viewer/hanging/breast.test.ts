import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { airThreshold, breastBox, breastIn, gapAtChestWall, type SmallPicture } from './breast'
import { breastBoxes } from './contents'
import { anExam, anImage } from './images.testing'

const WIDTH = 160
const HEIGHT = 240

/** Half an ellipse at the left or right edge (or `inset` pixels away), paler towards the skin, in faint air. */
function painted(options: {
  side: 'left' | 'right'
  reach: number
  half: number
  inset?: number
}): SmallPicture {
  const { side, reach, half, inset = 0 } = options
  const greys = new Uint8Array(WIDTH * HEIGHT)
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const depth = (side === 'left' ? x : WIDTH - 1 - x) - inset
      const far = Math.hypot(depth / reach, (y - HEIGHT / 2) / half)
      const isBreast = depth >= 0 && far < 1
      greys[y * WIDTH + x] = isBreast ? Math.round(30 + 180 * (1 - far)) : (x * 7 + y * 13) % 4
    }
  }
  return { width: WIDTH, height: HEIGHT, greys }
}

function filled(
  picture: SmallPicture,
  left: number,
  top: number,
  width: number,
  height: number,
): SmallPicture {
  const greys = Uint8Array.from(picture.greys)
  for (let y = top; y < top + height; y += 1) greys.fill(255, y * WIDTH + left, y * WIDTH + left + width)
  return { ...picture, greys }
}

describe('the breast in a picture', () => {
  test('is found whole, and reaches to its chest wall', () => {
    const sizes = fc.record({
      side: fc.constantFrom<'left' | 'right'>('left', 'right'),
      reach: fc.integer({ min: 40, max: 120 }),
      half: fc.integer({ min: 30, max: 100 }),
    })
    fc.assert(
      fc.property(sizes, ({ side, reach, half }) => {
        const box = breastIn(painted({ side, reach, half }))
        if (box === null) throw new Error('no breast')
        expect(side === 'left' ? box.left : box.left + box.width).toBe(side === 'left' ? 0 : WIDTH)
        const tip = side === 'left' ? box.left + box.width : WIDTH - box.left
        expect(tip).toBeGreaterThan(reach - 4)
        expect(tip).toBeLessThan(reach + 6)
        expect(box.top).toBeLessThan(HEIGHT / 2 - half + 8)
        expect(box.top).toBeGreaterThan(HEIGHT / 2 - half - 6)
      }),
      { numRuns: 25 },
    )
  })

  test('a label in the air and a bright frame along the edges are no part of it', () => {
    const plain = painted({ side: 'left', reach: 80, half: 70 })
    const labelled = filled(filled(plain, 120, 15, 30, 14), 0, 0, WIDTH, 3)
    expect(breastIn(labelled)).toEqual(breastIn(plain))
  })

  test('air alone, tissue alone and tiny pictures have none', () => {
    expect(breastIn({ width: 100, height: 100, greys: new Uint8Array(10_000) })).toBeNull()
    expect(breastIn({ width: 100, height: 100, greys: new Uint8Array(10_000).fill(180) })).toBeNull()
    expect(breastIn({ width: 8, height: 8, greys: new Uint8Array(64) })).toBeNull()
    expect(breastIn({ width: 100, height: 100, greys: new Uint8Array(5) })).toBeNull()
  })

  test('air is told from skin that is hardly brighter', () => {
    const threshold = airThreshold(painted({ side: 'left', reach: 80, half: 70 }).greys)
    expect(threshold).toBeGreaterThan(4)
    expect(threshold).toBeLessThan(40)
  })

  test('in image pixels it is as much larger as the image', () => {
    const picture = painted({ side: 'left', reach: 80, half: 70 })
    const small = breastIn(picture)
    const image = anImage({ rows: HEIGHT * 16, columns: WIDTH * 20 })
    expect(breastBox(picture, image)).toEqual({
      left: (small?.left ?? 0) * 20,
      top: (small?.top ?? 0) * 16,
      width: (small?.width ?? 0) * 20,
      height: (small?.height ?? 0) * 16,
    })
  })

  test('nothing is left out of what is no mammogram, nor where the breast does not come from its chest wall', () => {
    const picture = painted({ side: 'left', reach: 80, half: 70 })
    expect(breastBox(picture, anImage({ modality: 'US' }))).toBeNull()
    expect(breastBox(picture, anImage({ laterality: 'R' }))).toBeNull()
    expect(breastBox(picture, anImage({ laterality: 'L', rows: null }))).toBeNull()
    expect(breastBox(painted({ side: 'left', reach: 60, half: 70, inset: 30 }), anImage())).toBeNull()
    expect(breastBox(picture, anImage({ laterality: null, patientOrientation: null }))).not.toBeNull()
  })
})

test.each([
  ['R', ['P', 'L'], 3],
  ['L', ['A', 'R'], 1],
  ['R', ['A', 'L'], 1],
  ['L', ['P', 'R'], 3],
  ['R', ['L', 'P'], 4],
  ['L', ['R', 'P'], 4],
  ['R', ['L', 'A'], 2],
  ['L', ['R', 'A'], 2],
  ['R', ['R', 'A'], 2],
  ['L', ['L', 'P'], 4],
] as const)('the chest wall of %s with %j has so much air: %d', (laterality, [row, column], hundredths) => {
  // One hundredth at the left, two at the top, three at the right, four at the bottom.
  const box = { left: 1, top: 2, width: 96, height: 94 }
  const image = anImage({ laterality, patientOrientation: [row, column] })
  expect(gapAtChestWall(box, { width: 100, height: 100 }, image)).toBeCloseTo(hundredths / 100)
})

test('the breasts of an exam come from its thumbnails; what does not come is seen whole', async () => {
  const [right, left, waiting] = anExam('R CC', 'L CC', 'R MLO')
  if (!right || !left || !waiting) throw new Error('no images')
  const linked = [right, left, { ...waiting, status: 'pending' as const }, anImage({ modality: 'US' })].map(
    (image) => ({
      ...image,
      links: { ...image.links, thumbnail256: `/thumbnail/${image.id}` },
    }),
  )
  const asked: string[] = []
  const boxes = await breastBoxes([...linked, anImage()], undefined, async (address) => {
    asked.push(address)
    return address === `/thumbnail/${right.id}` ? painted({ side: 'right', reach: 80, half: 70 }) : null
  })
  expect(asked).toEqual([`/thumbnail/${right.id}`, `/thumbnail/${left.id}`])
  expect([...boxes.keys()]).toEqual([right.id])
  expect((boxes.get(right.id)?.left ?? 0) + (boxes.get(right.id)?.width ?? 0)).toBeCloseTo(right.columns ?? 0)
})
