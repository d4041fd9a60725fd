import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import {
  fit,
  isFitted,
  keepInside,
  pan,
  type Point,
  type Size,
  type Viewport,
  wheelFactor,
  zoomAt,
  zoomTo,
} from './viewport'

export interface ViewportControls {
  /** CSS pixels per image pixel, for the read-out; null before the image is known. */
  scale: number | null
  isFitted: boolean
  zoom: (factor: number) => void
  fit: () => void
  /** One image pixel on one pixel of the screen. */
  actualSize: () => void
  pan: (by: Point) => void
}

/** The camera lives in a ref and writes the transform itself: React hears only of a changed zoom. */
export function useViewport(
  pane: RefObject<HTMLElement | null>,
  picture: RefObject<HTMLElement | null>,
  image: Size | null,
): ViewportControls {
  const view = useRef<Viewport | null>(null)
  const wasFitted = useRef(true)
  const [shown, setShown] = useState<{ scale: number; isFitted: boolean } | null>(null)

  const draw = useCallback(
    (next: Viewport) => {
      const size = sizeOf(pane.current)
      if (!image || !size) return
      view.current = next
      wasFitted.current = isFitted(next, size, image)
      if (picture.current) {
        picture.current.style.transform = `translate(${next.x}px, ${next.y}px) scale(${next.scale})`
        picture.current.style.imageRendering = next.scale * window.devicePixelRatio > 2 ? 'pixelated' : 'auto'
      }
      setShown((before) =>
        before?.scale === next.scale && before.isFitted === wasFitted.current
          ? before
          : { scale: next.scale, isFitted: wasFitted.current },
      )
    },
    [image, pane, picture],
  )

  const change = useCallback(
    (how: (view: Viewport, pane: Size, image: Size) => Viewport) => {
      const size = sizeOf(pane.current)
      if (image && size && view.current) draw(how(view.current, size, image))
    },
    [draw, image, pane],
  )

  useLayoutEffect(() => {
    const element = pane.current
    if (!element || !image) return
    view.current = null
    const place = () => {
      const size = sizeOf(element)
      if (!size) return
      draw(view.current && !wasFitted.current ? keepInside(view.current, size, image) : fit(size, image))
    }
    place()
    const observer = new ResizeObserver(place)
    observer.observe(element)
    return () => observer.disconnect()
  }, [pane, image, draw])

  usePointer(pane, change)

  const middle = (size: Size): Point => ({ x: size.width / 2, y: size.height / 2 })
  return {
    scale: shown?.scale ?? null,
    isFitted: shown?.isFitted ?? true,
    zoom: (factor) => change((now, size, whole) => zoomAt(now, factor, middle(size), size, whole)),
    fit: () => change((_, size, whole) => fit(size, whole)),
    actualSize: () =>
      change((now, size, whole) => zoomTo(now, 1 / window.devicePixelRatio, middle(size), size, whole)),
    pan: (by) => change((now, size, whole) => pan(now, by, size, whole)),
  }
}

function sizeOf(element: HTMLElement | null): Size | null {
  if (!element || element.clientWidth === 0) return null
  return { width: element.clientWidth, height: element.clientHeight }
}

type Change = (how: (view: Viewport, pane: Size, image: Size) => Viewport) => void

/** Wheel zooms to the pointer, one finger or button drags, two fingers pinch. */
function usePointer(pane: RefObject<HTMLElement | null>, change: Change): void {
  useEffect(() => {
    const element = pane.current
    if (!element) return
    const pointers = new Map<number, Point>()

    function at(event: { clientX: number; clientY: number }): Point {
      const box = (element as HTMLElement).getBoundingClientRect()
      return { x: event.clientX - box.left, y: event.clientY - box.top }
    }
    function wheel(event: WheelEvent): void {
      event.preventDefault()
      change((view, size, image) =>
        zoomAt(view, wheelFactor(event.deltaY, event.deltaMode), at(event), size, image),
      )
    }
    function down(event: PointerEvent): void {
      // A captured pointer sends its click to the pane: buttons in it would never hear of theirs.
      if (event.button > 1 || (event.target instanceof Element && event.target.closest('button, a'))) return
      pointers.set(event.pointerId, at(event))
      ;(element as HTMLElement).setPointerCapture(event.pointerId)
    }
    function move(event: PointerEvent): void {
      const before = pointers.get(event.pointerId)
      if (!before) return
      const now = at(event)
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
      pointers.set(event.pointerId, now)
      change((view, size, image) => {
        const moved = pan(view, { x: now.x - before.x, y: now.y - before.y }, size, image)
        if (!other) return moved
        const factor = distance(now, other) / Math.max(1, distance(before, other))
        return zoomAt(view, factor, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }, size, image)
      })
    }
    function up(event: PointerEvent): void {
      pointers.delete(event.pointerId)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    element.addEventListener('pointerup', up)
    element.addEventListener('pointercancel', up)
    return () => {
      element.removeEventListener('wheel', wheel)
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerup', up)
      element.removeEventListener('pointercancel', up)
    }
  }, [pane, change])
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
