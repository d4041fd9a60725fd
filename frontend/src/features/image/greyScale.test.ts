import { expect, test } from 'vitest'
import type { Acquisition, VoiCandidate } from '@/shared/api/types'
import { greyScaleLabel, greyScalesOf, stepGreyScale } from './greyScale'

const normal: VoiCandidate = {
  id: 'window-1',
  explanation: 'NORMAL',
  function: 'SIGMOID',
  center: 2047,
  width: 2252,
  isDefault: true,
}
const unnamed: VoiCandidate = {
  ...normal,
  id: 'window-2',
  explanation: null,
  center: 2047.5,
  isDefault: false,
}
const harder: VoiCandidate = {
  id: 'lut-2',
  explanation: 'HARDER',
  function: null,
  center: null,
  width: null,
  isDefault: false,
}

function offering(...voiCandidates: VoiCandidate[]): Acquisition {
  return { voiCandidates } as unknown as Acquisition
}

test('a window names its function, center and width, a lookup table its explanation', () => {
  expect(greyScaleLabel(normal)).toBe('NORMAL (default) · SIGMOID C 2047 W 2252')
  expect(greyScaleLabel(unnamed)).toBe('Window 2 · SIGMOID C 2047.5 W 2252')
  expect(greyScaleLabel(harder)).toBe('LUT 2 · HARDER')
  expect(greyScaleLabel({ ...harder, explanation: ' ' })).toBe('LUT 2')
})

test('the default has no id of its own, so that it has one address', () => {
  expect(greyScalesOf(offering(normal, harder)).map((choice) => choice.voi)).toEqual([null, 'lut-2'])
})

test('where no candidate is the default, what was made at upload can be chosen too', () => {
  expect(greyScalesOf(offering(harder))).toEqual([
    { voi: null, name: 'As converted (default)', detail: null },
    { voi: 'lut-2', name: 'LUT 2 · HARDER', detail: null },
  ])
  expect(greyScalesOf(null)).toEqual([])
})

test('the keys step through all and around the end', () => {
  const all = offering(normal, unnamed, harder)
  expect(stepGreyScale(all, null, 1)).toBe('window-2')
  expect(stepGreyScale(all, 'lut-2', 1)).toBeNull()
  expect(stepGreyScale(all, null, -1)).toBe('lut-2')
  expect(stepGreyScale(offering(normal), null, 1)).toBeUndefined()
})
