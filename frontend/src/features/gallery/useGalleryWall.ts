import { useCallback, useEffect, useRef } from 'react'
import { useNavigate } from '@tanstack/react-router'
import { useConnection } from '@/shared/api/connection'
import type { GallerySearch } from '@/shared/api/imageFilters'
import { type Placed, readPlace } from '@/shared/wall/place'
import type { Wall } from '@/shared/wall/wall'

/** Where the first tile in view stood below the window's top, for a reload of the page. Places name no patient. */
const KEPT = 'gallery-place'

interface KeptPlace {
  at: string
  top: number
}

function keptTop(at: string): number | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as KeptPlace | null
    return kept?.at === at && Number.isFinite(kept.top) ? kept.top : null
  } catch {
    return null
  }
}

/** Below the bar and a heading, for a place that comes from a link. */
const USUAL_TOP = 110

interface GalleryWall {
  /** The place in the address could not be read; the newest is shown. */
  isPlaceLost: boolean
  onPlace: (place: string | null) => void
}

/**
 * Opens the wall as the address says, and keeps the place that is looked at in the address, so that a reload, a link
 * that is sent, and the browser's Back find it again.
 */
export function useGalleryWall<T extends Placed, Q>(
  wall: Wall<T, Q>,
  key: string,
  query: Q,
  at: string | undefined,
): GalleryWall {
  const navigate = useNavigate()
  const isFirst = useRef(true)
  const written = useRef<string | undefined>(undefined)
  const latest = useRef(query)
  const write = useCallback(
    (place: string | null) => {
      if (place === (written.current ?? null)) return
      written.current = place ?? undefined
      void navigate({
        to: '/',
        search: (before: GallerySearch) => ({ ...before, at: written.current }),
        replace: true,
        resetScroll: false,
      })
    },
    [navigate],
  )
  useEffect(() => {
    latest.current = query
  })
  useEffect(() => {
    const wasFirst = isFirst.current
    isFirst.current = false
    const state = wall.use.getState()
    const isHeld = state.key === key && state.window !== null
    if (!wasFirst && isHeld && at === written.current) return
    written.current = at
    const place = at === undefined ? null : readPlace(at)
    // Coming back, by whichever way: what is held is shown as it was left.
    const isWhereItWas = at === undefined || at === wall.placeText
    if (wasFirst && isHeld && isWhereItWas) {
      void wall.refreshHead()
      return
    }
    const top = (at === undefined ? null : keptTop(at)) ?? USUAL_TOP
    void wall.open(key, latest.current, place ? { kind: 'place', anchor: { place, top } } : { kind: 'head' })
  }, [wall, key, at])
  useEffect(() => () => wall.cancel(), [wall])
  useRefresh(wall)
  const isRefused = wall.use((state) => state.isPlaceRefused)
  const onPlace = useCallback(
    (place: string | null) => {
      const kept: KeptPlace | null = place && wall.anchor ? { at: place, top: wall.anchor.top } : null
      if (kept) sessionStorage.setItem(KEPT, JSON.stringify(kept))
      write(place)
    },
    [wall, write],
  )
  return { isPlaceLost: isRefused || (at !== undefined && readPlace(at) === null), onPlace }
}

/** What others upload is told to nobody else: it is asked for now and then. */
const REFRESH_MILLISECONDS = 60_000

/** Looks for new rows when the page is looked at again, when the line is back, and while it is looked at. */
function useRefresh<T extends Placed, Q>(wall: Wall<T, Q>): void {
  const returns = useConnection((state) => state.returns)
  useEffect(() => {
    if (returns === 0) return
    void wall.retry().then(() => wall.refreshHead())
  }, [wall, returns])
  useEffect(() => {
    function look(): void {
      if (document.visibilityState === 'visible') void wall.refreshHead()
    }
    const timer = setInterval(look, REFRESH_MILLISECONDS)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [wall])
}
