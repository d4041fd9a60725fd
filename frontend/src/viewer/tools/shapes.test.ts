import { describe, expect, it } from 'vitest'
import { measure, measurementsInWords, shapeOf } from './shapes'

const FINE = { rowMm: 0.1, columnMm: 0.05 }
const NONE = { rowMm: null, columnMm: null }
const at = (x: number, y: number) => ({ x, y })

describe('shapes', () => {
  it('are none before all their points are placed, or when a press was no drag', () => {
    expect(shapeOf('length', [at(1, 1)])).toBeNull()
    expect(shapeOf('length', [at(1, 1), at(1.2, 1.1)])).toBeNull()
    expect(shapeOf('angle', [at(0, 0), at(9, 0)])).toBeNull()
    expect(shapeOf('freehand', [at(0, 0), at(9, 0)])).toBeNull()
    expect(shapeOf('ellipse', [at(0, 0), at(9, 0)])).toBeNull()
  })

  it('put the major axis of an ellipse first', () => {
    expect(shapeOf('ellipse', [at(10, 10), at(20, 40)])).toEqual([
      at(15, 10),
      at(15, 40),
      at(10, 25),
      at(20, 25),
    ])
    expect(shapeOf('ellipse', [at(40, 20), at(10, 10)])).toEqual([
      at(10, 15),
      at(40, 15),
      at(25, 10),
      at(25, 20),
    ])
  })

  it('measure in millimetres by the spacing along and down', () => {
    expect(measure('length', [at(0, 0), at(60, 40)], FINE)[0]?.value).toBeCloseTo(5, 9)
    expect(measure('ellipse', [at(0, 50), at(100, 50), at(50, 0), at(50, 100)], FINE)[0]?.value).toBeCloseTo(
      Math.PI * 2.5 * 5,
      9,
    )
    expect(measure('angle', [at(20, 0), at(0, 0), at(20, 10)], FINE)[0]?.value).toBeCloseTo(45, 9)
    const square = measure('freehand', [at(0, 0), at(20, 0), at(20, 10), at(0, 10)], FINE)
    expect(square.map(({ value, unit }) => [value.toFixed(6), unit])).toEqual([
      ['1.000000', 'mm2'],
      ['4.000000', 'mm'],
    ])
  })

  it('measure in pixels where the file tells no spacing, and say so', () => {
    const found = measure('length', [at(0, 0), at(3, 4)], NONE)
    expect(found).toEqual([{ name: 'length', value: 5, unit: 'px' }])
    const spacing = { ...NONE, basis: 'none', magnification: null, label: 'pixels' } as const
    expect(measurementsInWords(found, spacing)).toBe('5.0 px, no spacing in the file')
  })

  it('name what millimetres are of', () => {
    const spacing = {
      rowMm: 0.1,
      columnMm: 0.1,
      basis: 'detector',
      magnification: null,
      label: 'at detector',
    } as const
    expect(measurementsInWords(measure('length', [at(0, 0), at(123, 0)], spacing), spacing)).toBe(
      '12.3 mm at detector',
    )
  })
})
