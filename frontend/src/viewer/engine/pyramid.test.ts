import { describe, expect, it } from 'vitest'
import type { Samples } from '@/viewer/types'
import { pyramidOf } from './pyramid'

function filled(width: number, height: number, value: (x: number, y: number) => number): Samples {
  const data = new Int16Array(width * height)
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) data[y * width + x] = value(x, y)
  return { width, height, level: 0, components: 1, data }
}

describe('the pyramid', () => {
  it('halves until a side would fall below 128 samples', () => {
    const sizes = pyramidOf(
      filled(1025, 600, () => 7),
      null,
    ).map(({ width, height, level }) => [width, height, level])
    expect(sizes).toEqual([
      [1025, 600, 0],
      [513, 300, 1],
      [257, 150, 2],
    ])
  })

  it('takes means of stored values, also negative ones', () => {
    const [, half] = pyramidOf(
      filled(256, 256, (x, y) => -1000 + x + 300 * y),
      null,
    )
    expect(half?.data[0]).toBe(Math.floor((-1000 - 999 - 700 - 699 + 2) / 4))
    expect(half?.data[130]).toBe(
      Math.floor((-1000 + 4 + 600 + (-1000 + 5 + 600) + (-1000 + 4 + 900) + (-1000 + 5 + 900) + 2) / 4),
    )
  })

  it('leaves padding out of every mean, and never makes a mean look like padding', () => {
    const padding = { low: 0, high: 0 }
    const [, half] = pyramidOf(
      filled(256, 256, (x, y) => (y < 2 ? [0, 90, 80, 70][(x % 2) + 2 * y] : [-6, 6][x % 2]) as number),
      padding,
    )
    expect(half?.data[0]).toBe(80)
    expect(half?.data[128]).toBe(1)
  })

  it('is padding where half is padding', () => {
    const [, half] = pyramidOf(
      filled(256, 256, (x) => (x % 2 ? 5 : 0)),
      { low: 0, high: 0 },
    )
    expect(half?.data[0]).toBe(0)
  })
})
