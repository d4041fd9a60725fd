/** What the viewer remembers of its reader, on every machine: how exams hang, the tool, the words, true sizes. */
import { queryOptions } from '@tanstack/react-query'
import { calmly } from '@/shared/api/calmly'
import { messageOf, request } from '@/shared/api/client'
import { queryClient } from '@/shared/api/queries'
import { toast } from '@/shared/ui/Toasts'
import { type Calibrations, LAYOUTS, readCalibrations } from '@/viewer/hanging'
import { type DragTool, USUAL_PREFERENCES, type ViewerPreferences } from '@/viewer/state'

const ADDRESS = '/api/account/preferences/viewer'
const TOOLS: readonly DragTool[] = ['window', 'pan', 'zoom', 'magnify']
const CALM_MILLISECONDS = 600

export interface ReadingPreferences extends ViewerPreferences {
  readonly calibrations: Calibrations
}

const USUAL: ReadingPreferences = { ...USUAL_PREFERENCES, calibrations: {} }

export const preferencesQuery = queryOptions({
  queryKey: ['reading', 'preferences'],
  queryFn: async ({ signal }) => parsed(await request<Record<string, unknown>>(ADDRESS, { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

/** As they are known now; the usual ones as long as the server has not told. */
export function preferencesNow(): ReadingPreferences {
  return queryClient.getQueryData(preferencesQuery.queryKey) ?? USUAL
}

let isUnsent = false

function send(isLeaving: boolean): void {
  isUnsent = false
  const { layout, tool, isLinked, hasOverlays, isSmooth, calibrations } = preferencesNow()
  const words = { layout, tool, linked: isLinked, overlays: hasOverlays, smooth: isSmooth }
  const body = { ...words, pixelsPerMm: calibrations }
  if (isLeaving) {
    // Outlives the page; nobody is there to hear that it failed.
    const headers = { 'Content-Type': 'application/json' }
    fetch(ADDRESS, { method: 'PUT', headers, body: JSON.stringify(body), keepalive: true }).catch(() => {})
    return
  }
  request(ADDRESS, { method: 'PUT', body }).catch((error: unknown) =>
    toast(`How you like the viewer could not be remembered. ${messageOf(error)}`),
  )
}

const sending = calmly(() => send(false), CALM_MILLISECONDS)
window.addEventListener('pagehide', () => {
  if (isUnsent) send(true)
})

/** Holds at once on this page, and is sent a little later: several keys in a row are one request. */
export function keepPreferences(changes: Partial<ReadingPreferences>): void {
  const before = preferencesNow()
  const after = { ...before, ...changes }
  if (JSON.stringify(after) === JSON.stringify(before)) return
  queryClient.setQueryData(preferencesQuery.queryKey, after)
  isUnsent = true
  sending.ask()
}

/** What was kept, of which every word may be wrong. */
function parsed(stored: Record<string, unknown>): ReadingPreferences {
  return {
    layout: LAYOUTS.find((one) => one === stored.layout) ?? null,
    tool: TOOLS.find((one) => one === stored.tool) ?? USUAL.tool,
    isLinked: typeof stored.linked === 'boolean' ? stored.linked : USUAL.isLinked,
    hasOverlays: typeof stored.overlays === 'boolean' ? stored.overlays : USUAL.hasOverlays,
    isSmooth: typeof stored.smooth === 'boolean' ? stored.smooth : USUAL.isSmooth,
    calibrations: readCalibrations(stored.pixelsPerMm),
  }
}
