import { describe, expect, it } from 'vitest'
import type { GreyScale, Samples } from '@/viewer/types'
import { Probe, probeInWords } from './probe'

const GREY: GreyScale = {
  bits: 16,
  frame: 1,
  signed: false,
  least: 0,
  greatest: 65535,
  inverted: false,
  padding: { low: 4000, high: 4095 },
  modality: { slope: 1, intercept: 0, lut: null, unit: 'US' },
  voi: [],
}
const SAMPLES: Samples = {
  width: 3,
  height: 2,
  level: 0,
  components: 1,
  data: Uint16Array.from([1, 2, 3, 4, 5, 4001]),
}
const FULL = { state: 'full', samples: SAMPLES, kind: 'htj2k' } as const
const at = (x: number, y: number) => ({ x, y })

describe('the value of a pixel', () => {
  it('is the stored one, where it lies, rows and columns from 1', () => {
    expect(probeInWords(FULL, GREY, at(0, 0))).toBe('stored 1 · row 1, column 1')
    expect(probeInWords(FULL, GREY, at(1.99, 1.01))).toBe('stored 5 · row 2, column 2')
  })

  it('is nothing beside the image', () => {
    for (const beside of [at(-0.01, 0), at(0, -0.01), at(3, 0), at(0, 2)]) {
      expect(probeInWords(FULL, GREY, beside)).toBeNull()
    }
  })

  it('names padding', () => {
    expect(probeInWords(FULL, GREY, at(2.5, 1.5))).toBe('stored 4001, padding · row 2, column 3')
  })

  it('is transformed as the file says, with a unit where it is known', () => {
    const rescaled = { ...GREY, modality: { slope: 0.5, intercept: -1, lut: null, unit: 'US' } }
    expect(probeInWords(FULL, rescaled, at(0, 1))).toBe('stored 4 → 1 · row 2, column 1')
    const inUnits = { ...GREY, modality: { slope: 2, intercept: 0.25, lut: null, unit: 'HU' } }
    expect(probeInWords(FULL, inUnits, at(0, 1))).toBe('stored 4 → 8.25 HU · row 2, column 1')
  })

  it('waits for full resolution', () => {
    const preview = { ...FULL, state: 'preview', samples: { ...SAMPLES, level: 1 } } as const
    expect(probeInWords(preview, GREY, at(5, 3))).toBe('—, loading')
    expect(probeInWords(preview, GREY, at(7, 3))).toBeNull()
    expect(probeInWords({ ...FULL, state: 'waiting', samples: null }, GREY, at(0, 0))).toBe('—, loading')
  })

  it('is three of a colour, and a grey as shown of a picture', () => {
    const colour = {
      ...SAMPLES,
      width: 2,
      height: 1,
      components: 3,
      data: Uint8Array.of(1, 2, 3, 4, 5, 6),
    } as const
    expect(probeInWords({ ...FULL, samples: colour }, null, at(1, 0))).toBe('R 4 G 5 B 6 · row 1, column 2')
    expect(probeInWords({ ...FULL, kind: 'picture' }, null, at(0, 0))).toBe(
      'grey 1 as shown · row 1, column 1',
    )
  })
})

describe('a probe', () => {
  it('tells those who listen where it is', () => {
    const probe = new Probe()
    const seen: unknown[] = []
    const leave = probe.subscribe(() => seen.push(probe.place?.at.x ?? null))
    probe.to({ paneKey: 'R CC', at: at(4, 5), isByKeys: false })
    probe.to(null)
    probe.to(null)
    leave()
    probe.to({ paneKey: 'R CC', at: at(6, 5), isByKeys: false })
    expect(seen).toEqual([4, null])
  })
})
