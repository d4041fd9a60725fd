import type { Curve } from './api'

/** A curve as it is typed: its points are a line of text. */
export interface Draft {
  id: string
  name: string
  source: string
  points: string
}

let last = 0

export function draftOf(curve: Curve | null): Draft {
  last += 1
  const id = `curve ${last}`
  if (curve === null) return { id, name: '', source: '', points: '' }
  const points = curve.points.map(({ thicknessMm, doseMgy }) => `${thicknessMm}: ${doseMgy}`).join(', ')
  return { id, name: curve.name, source: curve.source, points }
}

const POINT = /^\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)\s*$/

/** What keeps it from being a curve, in a sentence; null: nothing. The server has the last word. */
export function troubleOf({ name, points }: Draft): string | null {
  const parts = points.split(',').filter((part) => part.trim() !== '')
  const wrong = parts.find((part) => !POINT.test(part))
  const whose = name ? `“${name}”: ` : ''
  if (wrong !== undefined) return `${whose}“${wrong.trim()}” is no point. Write it as 21: 1.0`
  if (parts.length < 2) return `${whose}a curve has at least two points.`
  return null
}

export function curveOf({ name, source, points }: Draft): Curve {
  return {
    name: name.trim(),
    source: source.trim(),
    points: points.split(',').flatMap((part) => {
      const found = POINT.exec(part)
      return found ? [{ thicknessMm: Number(found[1]), doseMgy: Number(found[2]) }] : []
    }),
  }
}
