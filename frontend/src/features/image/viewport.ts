/**
 * Zoom and pan of one image in a pane. Pure. Lengths are CSS pixels of the pane; `scale` is CSS pixels per image
 * pixel; `x` and `y` place the image's top left corner. Invariant: the image never leaves the pane altogether.
 */
export interface Size {
  width: number
  height: number
}

export interface Viewport {
  scale: number
  x: number
  y: number
}

export interface Point {
  x: number
  y: number
}

const MOST_SCALE = 16

export function fit(pane: Size, image: Size): Viewport {
  const scale = fitScale(pane, image)
  return centred(pane, image, scale)
}

export function fitScale(pane: Size, image: Size): number {
  if (image.width === 0 || image.height === 0) return 1
  return Math.min(pane.width / image.width, pane.height / image.height)
}

function centred(pane: Size, image: Size, scale: number): Viewport {
  return { scale, x: (pane.width - image.width * scale) / 2, y: (pane.height - image.height * scale) / 2 }
}

/** Keeps the image's point under `at` where it is. */
export function zoomAt(view: Viewport, factor: number, at: Point, pane: Size, image: Size): Viewport {
  return zoomTo(view, view.scale * factor, at, pane, image)
}

export function zoomTo(view: Viewport, wanted: number, at: Point, pane: Size, image: Size): Viewport {
  const least = Math.min(fitScale(pane, image), 1)
  const scale = Math.min(MOST_SCALE, Math.max(least, wanted))
  const ratio = scale / view.scale
  return keepInside(
    { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio },
    pane,
    image,
  )
}

export function pan(view: Viewport, by: Point, pane: Size, image: Size): Viewport {
  return keepInside({ ...view, x: view.x + by.x, y: view.y + by.y }, pane, image)
}

/** An axis that fits is centred; one that does not may not be dragged past its edge. */
export function keepInside(view: Viewport, pane: Size, image: Size): Viewport {
  return {
    scale: view.scale,
    x: clampAxis(view.x, pane.width, image.width * view.scale),
    y: clampAxis(view.y, pane.height, image.height * view.scale),
  }
}

function clampAxis(at: number, pane: number, length: number): number {
  if (length <= pane) return (pane - length) / 2
  return Math.min(0, Math.max(pane - length, at))
}

export function isFitted(view: Viewport, pane: Size, image: Size): boolean {
  return view.scale <= fitScale(pane, image) * 1.001
}

/** The wheel's delta as a zoom factor; a notch of any mouse is about a quarter. */
export function wheelFactor(deltaY: number, deltaMode: number): number {
  const pixels = deltaMode === 1 ? deltaY * 33 : deltaMode === 2 ? deltaY * 400 : deltaY
  return Math.exp(-Math.max(-240, Math.min(240, pixels)) * 0.0022)
}
