/** What the viewer remembers of its reader on this browser: how exams hang, the tool, the overlays, the true size. */
import { type Calibrations, LAYOUTS, type LayoutId, readCalibrations } from '@/viewer/hanging'
import { type DragTool, USUAL_PREFERENCES, type ViewerPreferences } from '@/viewer/state'

const TOOLS: readonly DragTool[] = ['window', 'pan', 'zoom', 'magnify']

/** Everybody who signs in at this browser has their own. */
function keyOf(userId: number): string {
  return `viewer:${userId}`
}

interface Stored extends ViewerPreferences {
  readonly calibrations: Calibrations
}

export function readPreferences(userId: number): Stored {
  const stored = parsed(localStorage.getItem(keyOf(userId)))
  const layout = LAYOUTS.find((one) => one === stored.layout) ?? null
  return {
    layout: layout satisfies LayoutId | null,
    tool: TOOLS.find((one) => one === stored.tool) ?? USUAL_PREFERENCES.tool,
    isLinked: typeof stored.isLinked === 'boolean' ? stored.isLinked : USUAL_PREFERENCES.isLinked,
    hasOverlays: typeof stored.hasOverlays === 'boolean' ? stored.hasOverlays : USUAL_PREFERENCES.hasOverlays,
    calibrations: readCalibrations(stored.calibrations),
  }
}

export function keepPreferences(userId: number, preferences: Stored): void {
  try {
    localStorage.setItem(keyOf(userId), JSON.stringify(preferences))
  } catch {
    // A browser that keeps nothing: the viewer works all the same.
  }
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
