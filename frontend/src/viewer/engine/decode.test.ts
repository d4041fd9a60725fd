// @vitest-environment node
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import load, { type OpenJph } from '@cornerstonejs/codec-openjph'
import { beforeAll, describe, expect, it } from 'vitest'
import { COLOUR, EDGE, SIGNED16, SIGNED8, UNSIGNED16, UNSIGNED8 } from './codestreams.testing'
import { BrokenFrame, decodeFrame } from './decode'

let openJph: OpenJph

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('@cornerstonejs/codec-openjph/wasm')
  openJph = await load({ wasmBinary: readFileSync(wasm), print: () => {}, printErr: () => {} })
})

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}

function decode(base64: string, level = 0) {
  return decodeFrame(openJph, bytesOf(base64), level)
}

/** 96 columns and 64 rows. */
function grid(value: (x: number, y: number) => number): number[] {
  return Array.from({ length: 96 * 64 }, (_, index) => value(index % 96, Math.floor(index / 96)))
}

describe('decoding a frame', () => {
  it('gives every stored value back, of 8 and 16 bits, with and without a sign', () => {
    for (const [codestream, kind, value] of [
      [UNSIGNED16, Uint16Array, (x: number, y: number) => x * 7 + y * 11],
      [SIGNED16, Int16Array, (x: number, y: number) => x * 20 - y * 30 - 100],
      [UNSIGNED8, Uint8Array, (x: number, y: number) => x + 2 * y],
      [SIGNED8, Int8Array, (x: number, y: number) => x - y - 20],
    ] as const) {
      const { data, ...rest } = decode(codestream)
      expect(rest).toEqual({ width: 96, height: 64, level: 0, components: 1 })
      expect(data).toBeInstanceOf(kind)
      expect([...data]).toEqual(grid(value))
    }
  })

  it('gives colour back, interleaved', () => {
    const { data, components, width } = decode(COLOUR)
    expect([components, width]).toEqual([3, 32])
    for (let pixel = 0; pixel < 32 * 32; pixel += 1) {
      const [x, y] = [pixel % 32, Math.floor(pixel / 32)]
      expect([...data.slice(3 * pixel, 3 * pixel + 3)]).toEqual([x + y, 255 - x, 2 * y])
    }
  })

  it('halves the resolution', () => {
    for (const [level, width, height] of [
      [1, 48, 32],
      [2, 24, 16],
      [3, 12, 8],
    ] as const) {
      const half = decode(SIGNED8, level)
      expect([half.width, half.height, half.level]).toEqual([width, height, level])
      const step = 2 ** level
      const middle = half.data[(height / 2) * width + width / 2] as number
      expect(Math.abs(middle - ((width / 2) * step - (height / 2) * step - 20))).toBeLessThanOrEqual(step)
    }
  })

  it('clips what swings out of range at reduced resolutions, where it would turn black to white', () => {
    for (const level of [1, 2]) {
      const { data, width } = decode(EDGE, level)
      const row = [...data.slice(0, width)]
      const edge = Math.floor(49 / 2 ** level)
      expect(row.slice(0, edge).every((value) => value < 20_000)).toBe(true)
      expect(row.slice(edge + 1).every((value) => value > 45_000)).toBe(true)
    }
  })

  it('decodes the beginning of a codestream at the resolution that it holds', () => {
    const codestream = bytesOf(UNSIGNED16)
    const start = codestream.slice(0, codestream.length * 0.75)
    const whole = decodeFrame(openJph, codestream, 3)
    expect(decodeFrame(openJph, start, 3)).toEqual(whole)
  })

  it('refuses to call a part the whole', () => {
    const codestream = bytesOf(UNSIGNED16)
    for (const length of [0, 1, 100, codestream.length - 1]) {
      expect(() => decodeFrame(openJph, codestream.slice(0, length), 0)).toThrow(BrokenFrame)
    }
  })

  it('says so where there is nothing to decode, and goes on with the next', () => {
    const codestream = bytesOf(UNSIGNED16)
    for (const bytes of [
      new Uint8Array(0),
      codestream.slice(0, 3),
      codestream.slice(0, 60),
      new Uint8Array(5000),
      new TextEncoder().encode('<html>Not a picture</html>'),
    ]) {
      expect(() => decodeFrame(openJph, bytes, 2)).toThrow(BrokenFrame)
    }
    expect(decode(UNSIGNED16).data[1]).toBe(7)
  })

  it('comes to an end with any byte of it wrong, and takes no memory with it', () => {
    const codestream = bytesOf(SIGNED16)
    const before = openJph.HEAPU8.length
    for (let at = 0; at < codestream.length; at += 1) {
      // The size of the picture itself is for the limit on sizes.
      if (at >= 4 && at < FIRST_CODING_BYTE) continue
      const wrong = codestream.slice()
      wrong[at] = (wrong[at] as number) ^ 0x55
      expect(isBrokenOrHalf(wrong)).toBe(true)
    }
    expect(openJph.HEAPU8.length).toBe(before)
  })
})

function isBrokenOrHalf(codestream: Uint8Array): boolean {
  try {
    return decodeFrame(openJph, codestream, 1).data.length === 48 * 32
  } catch (problem) {
    return problem instanceof BrokenFrame
  }
}

/** Behind SIZ, which tells sizes. */
const FIRST_CODING_BYTE = 45
