import { type RefCallback, useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import type { Opened } from '@/viewer/HungExam'
import { MammoViewer } from '@/viewer/MammoViewer'
import type { ViewerState } from '@/viewer/state'
import { keepPreferences, preferencesNow } from './preferences'

interface UseViewer {
  readonly viewer: MammoViewer | null
  readonly state: ViewerState | null
  readonly root: HTMLElement | null
  /** Goes on the element that the viewer fills. */
  readonly mount: RefCallback<HTMLElement>
}

/** One viewer for as long as the element is there. It keeps camera and window; React only shows what it tells. */
export function useViewer(opened: Opened | null): UseViewer {
  const [viewer, setViewer] = useState<MammoViewer | null>(null)
  const [root, setRoot] = useState<HTMLElement | null>(null)
  const mount = useCallback((element: HTMLElement | null) => {
    if (!element) return undefined
    const made = new MammoViewer(element, preferencesNow())
    setViewer(made)
    setRoot(element)
    return () => {
      made.dispose()
      setViewer(null)
      setRoot(null)
    }
  }, [])
  useEffect(() => {
    if (viewer && opened) viewer.open(opened)
  }, [viewer, opened])
  const subscribe = useCallback((listener: () => void) => viewer?.subscribe(listener) ?? (() => {}), [viewer])
  const state = useSyncExternalStore(subscribe, () => viewer?.state ?? null)
  useEffect(() => {
    if (!viewer) return
    const { layout, tool, isLinked, hasOverlays, isSmooth } = viewer.kept
    keepPreferences({ layout, tool, isLinked, hasOverlays, isSmooth })
  }, [viewer, state?.layout, state?.tool, state?.isLinked, state?.hasOverlays, state?.isSmooth])
  return { viewer, state, root, mount }
}
