/** Frames at half, a quarter, … of their size, for panes that are smaller than the picture. Pure. */
import type { Samples } from '@/viewer/types'

/** Stored values from `low` to `high` are padding: they take no part in a mean. */
export interface PaddingRange {
  readonly low: number
  readonly high: number
}

/** Smaller ones are not worth a texture. */
const LEAST_PIXELS = 128

/** Each the means of 2×2 of the one before, until a side falls below 128 pixels; the given one first. */
export function pyramidOf(samples: Samples, padding: PaddingRange | null): readonly Samples[] {
  const levels = [samples]
  for (let last = samples; Math.min(last.width, last.height) >= 2 * LEAST_PIXELS;) {
    last = last.components === 1 ? halved(last, padding) : halvedColour(last)
    levels.push(last)
  }
  return levels
}

function halved(from: Samples, padding: PaddingRange | null): Samples {
  const width = (from.width + 1) >> 1
  const height = (from.height + 1) >> 1
  const data = new (from.data.constructor as Uint16ArrayConstructor)(width * height)
  const source = from.data
  for (let y = 0; y < height; y += 1) {
    const upper = 2 * y * from.width
    // The last row or column of an odd number stands for its missing neighbour.
    const lower = 2 * y + 1 < from.height ? upper + from.width : upper
    for (let x = 0; x < width; x += 1) {
      const left = 2 * x
      const right = left + 1 < from.width ? left + 1 : left
      const a = source[upper + left] as number
      const b = source[upper + right] as number
      const c = source[lower + left] as number
      const d = source[lower + right] as number
      data[y * width + x] = padding
        ? meanWithout(padding, a, b, c, d)
        : // Halves go up, also below zero.
          (a + b + c + d + 2) >> 2
    }
  }
  return { width, height, level: from.level + 1, components: 1, data }
}

/** Padding where at least half is padding. */
function meanWithout({ low, high }: PaddingRange, a: number, b: number, c: number, d: number): number {
  let sum = 0
  let count = 0
  if (a < low || a > high) {
    sum += a
    count += 1
  }
  if (b < low || b > high) {
    sum += b
    count += 1
  }
  if (c < low || c > high) {
    sum += c
    count += 1
  }
  if (d < low || d > high) {
    sum += d
    count += 1
  }
  if (count <= 2) return low
  return awayFrom(low, high, count === 4 ? (sum + 2) >> 2 : Math.round(sum / 3))
}

/** A mean of values on either side of the padding may not become padding itself. */
function awayFrom(low: number, high: number, value: number): number {
  return value >= low && value <= high ? high + 1 : value
}

function halvedColour(from: Samples): Samples {
  const width = (from.width + 1) >> 1
  const height = (from.height + 1) >> 1
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1) {
    const upper = 2 * y * from.width
    const lower = 2 * y + 1 < from.height ? upper + from.width : upper
    for (let x = 0; x < width; x += 1) {
      const left = 2 * x
      const right = left + 1 < from.width ? left + 1 : left
      for (let part = 0; part < 3; part += 1) {
        const sum =
          (from.data[3 * (upper + left) + part] as number) +
          (from.data[3 * (upper + right) + part] as number) +
          (from.data[3 * (lower + left) + part] as number) +
          (from.data[3 * (lower + right) + part] as number)
        data[3 * (y * width + x) + part] = (sum + 2) >> 2
      }
    }
  }
  return { width, height, level: from.level + 1, components: 3, data }
}
