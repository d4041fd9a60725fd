/**
 * How an image is laid: the right breast with its chest wall at the right, the left one with its chest wall at the
 * left, what lies outward (CC) or headward (all others) at the top. From Patient Orientation (0020,0020), PS3.3
 * C.7.6.1.1.1: the direction of the rows, then of the columns, in A, P, R, L, H, F. Pure.
 */
import { linearOf, UPRIGHT } from '@/viewer/camera'
import type { Orientation, ViewingImage } from '@/viewer/types'
import { isAxial, isMammogram, type Side, sideOf } from './views'

export type ChestWall = 'left' | 'right' | null

/** Where the directions of the rows and of the columns point in the patient. */
interface Directions {
  readonly row: string
  readonly column: string
}

const OPPOSITE: Readonly<Record<string, string>> = { A: 'P', P: 'A', R: 'L', L: 'R', H: 'F', F: 'H' }
const AXES = ['AP', 'RL', 'HF']

/** All ways to lay a picture; of two that serve as well the earlier one is taken. */
const WAYS: readonly Orientation[] = [
  UPRIGHT,
  { rotation: 0, isMirrored: true },
  { rotation: 180, isMirrored: false },
  { rotation: 180, isMirrored: true },
  { rotation: 90, isMirrored: false },
  { rotation: 270, isMirrored: false },
  { rotation: 90, isMirrored: true },
  { rotation: 270, isMirrored: true },
]

function axisOf(letter: string): string {
  return AXES.find((axis) => axis.includes(letter)) ?? ''
}

/** One to three letters, each of another axis. */
function isDirection(text: string): boolean {
  if (!/^[APRLHF]{1,3}$/.test(text)) return false
  return new Set(text.split('').map(axisOf)).size === text.length
}

/** What the file says, if it can be: two directions whose first letters are of two axes. */
export function directionsOf(image: Pick<ViewingImage, 'patientOrientation'>): Directions | null {
  const said = image.patientOrientation
  if (said?.length !== 2) return null
  const [row = '', column = ''] = said.map((one) => one.trim().toUpperCase())
  if (!isDirection(row) || !isDirection(column)) return null
  if (axisOf(row.charAt(0)) === axisOf(column.charAt(0))) return null
  return { row, column }
}

function opposite(direction: string): string {
  return direction.replaceAll(/./g, (letter) => OPPOSITE[letter] ?? '')
}

/** Where the pane's right and its bottom lie in the patient, for an image laid so. */
export function shownDirections(
  directions: Directions,
  orientation: Orientation,
): { right: string; down: string } {
  const { a, b, c, d } = linearOf({ centre: { x: 0, y: 0 }, scale: 1, aspect: 1, orientation })
  const pick = (alongRow: number, alongColumn: number): string => {
    if (alongRow !== 0) return alongRow > 0 ? directions.row : opposite(directions.row)
    return alongColumn > 0 ? directions.column : opposite(directions.column)
  }
  return { right: pick(a, b), down: pick(c, d) }
}

/** 1: there; -1: its contrary is there; 0: neither. */
function match(direction: string, letter: string): number {
  if (direction.includes(letter)) return 1
  return direction.includes(OPPOSITE[letter] ?? '-') ? -1 : 0
}

function downMatch(down: string, side: Side | null, view: string | null): number {
  const inward = side === null ? 0 : match(down, side === 'R' ? 'L' : 'R')
  const feet = match(down, 'F')
  const [first, second] = isAxial(view) ? [inward, feet] : [feet, inward]
  return first || second
}

/** As stored where nothing tells otherwise: units store pictures the way they are to be looked at. */
export function orientationOf(image: ViewingImage): Orientation {
  const directions = directionsOf(image)
  if (directions === null || !isMammogram(image)) return UPRIGHT
  const side = sideOf(image)
  let best = UPRIGHT
  let most = Number.NEGATIVE_INFINITY
  for (const way of WAYS) {
    const shown = shownDirections(directions, way)
    // Without a side the chest wall may be at either edge, but not at the top.
    const across =
      side === null ? Math.abs(match(shown.right, 'A')) : match(shown.right, side === 'R' ? 'P' : 'A')
    const score = 4 * across + 2 * downMatch(shown.down, side, image.viewPosition)
    if (score > most) [best, most] = [way, score]
  }
  return best
}

/** The side of the pane at which the chest wall stands when an image is laid so. */
export function chestWallOf(image: ViewingImage, orientation: Orientation = orientationOf(image)): ChestWall {
  if (!isMammogram(image)) return null
  const directions = directionsOf(image)
  if (directions !== null) {
    const back = match(shownDirections(directions, orientation).right, 'P')
    if (back !== 0) return back > 0 ? 'right' : 'left'
  }
  const side = sideOf(image)
  if (side === null || orientation.rotation % 180 !== 0) return null
  const isTurned = (orientation.rotation === 180) !== orientation.isMirrored
  return (side === 'R') === isTurned ? 'left' : 'right'
}

/**
 * Whether Patient Orientation speaks of the other breast: it is what the other one usually has, or an oblique view
 * lies in the other one's plane (from outward above to inward below).
 */
export function contradictsSide(image: ViewingImage): boolean {
  const side = sideOf(image)
  const directions = directionsOf(image)
  if (side === null || directions === null || !isMammogram(image)) return false
  const inward = side === 'R' ? 'L' : 'R'
  const { row, column } = directions
  const across = axisOf(row.charAt(0)) === 'AP' ? column : row
  if (image.viewPosition === 'MLO' || image.viewPosition === 'LMO') {
    const feet = match(across, 'F')
    const inwards = match(across, inward)
    if (feet !== 0 && inwards !== 0) return feet !== inwards
  }
  const forwardOfOther = side === 'R' ? 'A' : 'P'
  if (!row.startsWith(forwardOfOther)) return false
  return isAxial(image.viewPosition) ? match(column, inward) < 0 : match(column, 'F') > 0
}
