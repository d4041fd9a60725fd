import { describe, expect, it } from 'vitest'
import type { Point } from '@/viewer/types'
import { type Draft, Drawing } from './Drawing'
import type { ShapeKind } from './shapes'

const at = (x: number, y: number) => ({ x, y })
const on = (kind: ShapeKind) => ({ paneKey: 'single', imageId: 1, frame: 1, kind })

function aDrawing() {
  const finished: (readonly Point[])[] = []
  const drawing = new Drawing(
    () => {},
    (_: Draft, points) => finished.push(points),
  )
  return { drawing, finished }
}

describe('drawing', () => {
  it('takes a drag for two points', () => {
    const { drawing, finished } = aDrawing()
    drawing.place(on('length'), at(0, 0))
    drawing.move(at(30, 40))
    drawing.release(at(30, 40))
    expect(finished).toEqual([[at(0, 0), at(30, 40)]])
    expect(drawing.draft).toBeNull()
  })

  it('takes presses without a drag one by one', () => {
    const { drawing, finished } = aDrawing()
    for (const point of [at(0, 0), at(50, 0), at(50, 50)]) {
      drawing.place(on('angle'), point)
      drawing.release(point)
    }
    expect(finished).toEqual([[at(0, 0), at(50, 0), at(50, 50)]])
  })

  it('follows the hand until the button is let go', () => {
    const { drawing, finished } = aDrawing()
    drawing.place(on('freehand'), at(0, 0))
    for (const point of [at(1, 0), at(20, 0), at(20, 20)]) drawing.move(point)
    drawing.release(at(20, 20))
    expect(finished).toEqual([[at(0, 0), at(20, 0), at(20, 20)]])
  })

  it('ends a line of placed points where one is placed twice', () => {
    const { drawing, finished } = aDrawing()
    for (const point of [at(0, 0), at(20, 0), at(20, 20), at(20, 20)]) drawing.place(on('freehand'), point)
    expect(finished).toHaveLength(1)
  })

  it('begins anew on another image, and leaves nothing behind when it is left', () => {
    const { drawing, finished } = aDrawing()
    drawing.place(on('length'), at(0, 0))
    drawing.place({ ...on('length'), imageId: 2 }, at(9, 9))
    expect(drawing.draft?.placed).toEqual([at(9, 9)])
    drawing.cancel()
    expect(drawing.draft).toBeNull()
    expect(finished).toEqual([])
  })
})
