import { describe, expect, it } from 'vitest'
import { curveOf, draftOf, troubleOf } from './curveDraft'

const CURVE = {
  name: 'Ours',
  source: 'A report',
  points: [
    { thicknessMm: 21, doseMgy: 0.6 },
    { thicknessMm: 32, doseMgy: 1 },
  ],
}

describe('a curve that is typed', () => {
  it('comes back as it was', () => {
    const draft = draftOf(CURVE)
    expect(draft.points).toBe('21: 0.6, 32: 1')
    expect(curveOf(draft)).toEqual(CURVE)
    expect(troubleOf(draft)).toBeNull()
  })

  it('says which point cannot be read', () => {
    expect(troubleOf({ ...draftOf(CURVE), points: '21: 0.6, 32 - 1' })).toContain('“32 - 1” is no point')
    expect(troubleOf({ ...draftOf(CURVE), points: '21: 0.6,' })).toContain('two points')
  })
})
