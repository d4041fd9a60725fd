/** What the viewer tells whoever shows it. A new snapshot after every change; nothing in it is changed later. */
import type { FrameProblem } from '@/viewer/engine/frame'
import type { HungPane, LayoutId } from '@/viewer/hanging'
import type { ShapeKind } from '@/viewer/tools/shapes'
import type { Camera, FrameState, Rect, Tone, ViewingImage } from '@/viewer/types'

/** What the main button of the pointer does. */
export type DragTool = 'window' | 'pan' | 'zoom' | 'magnify'

/** What the main button does: it drags, it draws, or values are told under the pointer. */
export type Tool = DragTool | ShapeKind | 'probe'

/** `opening`: nothing is to be seen yet; `preview`: pictures, not all at full resolution; `failed`: nothing will come. */
export type Phase = 'opening' | 'preview' | 'full' | 'failed'

export interface PaneState extends HungPane {
  readonly rect: Rect
  readonly camera: Camera
  readonly tone: Tone
  readonly window: { readonly center: number; readonly width: number } | null
  readonly frameNumber: number
  readonly frameCount: number
  readonly frameState: FrameState
  readonly received: number
  readonly total: number | null
  readonly problem: FrameProblem | null
  /** Turned or mirrored by its reader: not as it hangs. */
  readonly isTurned: boolean
}

export interface ViewerState {
  readonly phase: Phase
  readonly layout: LayoutId
  readonly layouts: readonly LayoutId[]
  readonly panes: readonly PaneState[]
  readonly strip: readonly ViewingImage[]
  readonly notes: readonly string[]
  readonly activeKey: string | null
  readonly tool: Tool
  readonly isLinked: boolean
  readonly hasOverlays: boolean
  /** Larger than 1:1: smooth, or each sample a square. */
  readonly isSmooth: boolean
  readonly isPlaying: boolean
  /** Where one is on the way through the exam, in words. */
  readonly stepWords: string | null
  /** Why the panes show the server's pictures instead of the stored values; null: they show the stored values. */
  readonly fallback: string | null
  readonly hasPrior: boolean
}

export interface ViewerPreferences {
  readonly layout: LayoutId | null
  readonly tool: Tool
  readonly isLinked: boolean
  readonly hasOverlays: boolean
  /** Larger than 1:1: smooth, or each sample a square. */
  readonly isSmooth: boolean
}

export const USUAL_PREFERENCES: ViewerPreferences = {
  layout: null,
  tool: 'window',
  isLinked: true,
  hasOverlays: true,
  isSmooth: true,
}

/** Of the panes that have something to show. */
export function phaseOf(panes: readonly PaneState[]): Phase {
  const shown = panes.filter(({ image, missing }) => image !== null && missing === null)
  if (shown.length === 0) return panes.length > 0 ? 'failed' : 'opening'
  if (shown.every(({ frameState }) => frameState === 'full')) return 'full'
  if (shown.some(({ frameState }) => frameState === 'full' || frameState === 'preview')) return 'preview'
  return shown.every(({ frameState }) => frameState === 'failed') ? 'failed' : 'opening'
}
