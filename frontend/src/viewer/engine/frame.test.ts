import { describe, expect, it } from 'vitest'
import { anImage } from '@/viewer/hanging/images.testing'
import { Frame } from './frame'

function aFrame() {
  const told: string[] = []
  const holder = { wanted: () => told.push('wanted'), left: () => told.push('left') }
  return { frame: new Frame(anImage(), 1, '/frames/1', holder), told }
}

describe('a frame', () => {
  it('is wanted as long as anybody listens, even twice with the same function', () => {
    const { frame, told } = aFrame()
    const listener = () => {}
    const first = frame.subscribe(listener)
    const second = frame.subscribe(listener)
    first()
    expect(told).toEqual(['wanted'])
    second()
    expect(told).toEqual(['wanted', 'left'])
  })

  it('leaves once, however often that is said', () => {
    const { frame, told } = aFrame()
    const leave = frame.subscribe(() => {})
    frame.subscribe(() => {})
    leave()
    leave()
    expect(told).toEqual(['wanted'])
  })
})
