import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { saveFile } from '@/shared/acts/saveFile'
import { messageOf } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import { useLooking } from '@/shared/looking/useLooking'
import { Notice } from '@/shared/ui/Notice'
import { toast } from '@/shared/ui/Toasts'
import { calibrationOf, withCalibration } from '@/viewer/hanging'
import type { Opened } from '@/viewer/HungExam'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { ViewerState } from '@/viewer/state'
import type { ViewingImage } from '@/viewer/types'
import { CorrectDialog } from './CorrectDialog'
import { TextDialog } from './Drawings'
import { saveMeasurements } from './exportFiles'
import { Panes } from './Panes'
import { keepPreferences, preferencesNow, preferencesQuery } from './preferences'
import styles from './ReadingPage.module.css'
import { Strip } from './Strip'
import { Toolbar } from './Toolbar'
import { TrueSizeDialog } from './TrueSizeDialog'
import { useAnnotations } from './useAnnotations'
import { usePointer } from './usePointer'
import { type ReadingActs, useReadingCommands } from './useReadingCommands'
import { useViewer } from './useViewer'

interface ReaderProps {
  title: string
  patient: string | null
  opened: Opened | null
  /** Where the server keeps what is drawn on it. */
  annotations: string | null
  /** It was deleted while it was open: what is shown is all there will be. */
  gone: boolean
  next: (() => void) | null
  previous: (() => void) | null
  /** All that is shown is at full resolution: time to fetch what may come next. */
  onFull: (viewer: MammoViewer) => void
  onLeave: () => void
  /** The server knows better now. */
  onChanged: () => void
  help: (isOpen: boolean, close: () => void) => ReactNode
}

type Open = 'help' | 'true-size' | 'correct' | null

export function Reader(props: ReaderProps) {
  const { title, patient, opened, annotations, gone, onFull, onChanged, help } = props
  const { data: me } = useQuery(meQuery)
  // Hung as its reader likes it from the beginning; without an answer as most do.
  const isUnknown = useQuery(preferencesQuery).isPending
  const { viewer, state, root, mount } = useViewer(opened)
  const [open, setOpen] = useState<Open>(null)
  const page = useRef<HTMLElement>(null)
  const annotating = useAnnotations(viewer, state, me?.user.id ?? null, annotations)
  const acts = useActs(props, viewer, page, setOpen, annotating.settle)
  useReadingCommands(viewer, state, acts)
  usePointer(viewer, root, annotating.pencil)
  useLooking(shownImages(state))
  useTabTitle(title)
  const isFull = state?.phase === 'full'
  const latest = useRef(onFull)
  useEffect(() => {
    latest.current = onFull
  })
  useEffect(() => {
    if (isFull && viewer) latest.current(viewer)
  }, [isFull, viewer, opened?.key])
  const active = state?.panes.find(({ key }) => key === state.activeKey)?.image ?? null
  return (
    <main
      ref={page}
      className={styles.page}
      data-reading
      data-state={opened ? (state?.phase ?? 'opening') : 'opening'}
    >
      {viewer && state ? <Toolbar title={title} viewer={viewer} state={state} acts={acts} /> : <span />}
      <div ref={isUnknown ? undefined : mount} className={styles.stage} data-stage>
        {state?.fallback ? (
          <p className={styles.fallback} role="alert">
            {state.fallback} Shown are the pictures that the server rendered; nothing can be measured on them.
          </p>
        ) : null}
        {viewer && state && opened ? (
          <Panes viewer={viewer} state={state} patient={patient} annotating={annotating} />
        ) : null}
      </div>
      <div className={styles.low}>
        {gone ? <Notice kind="failed">This exam has been deleted meanwhile.</Notice> : null}
        {state && viewer && opened ? <Strip images={state.strip} onPlace={(id) => viewer.place(id)} /> : null}
        {state?.hasOverlays && state.notes.length > 0 ? (
          <ul className={styles.notes} aria-label="Notes on the hanging">
            {state.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        ) : null}
      </div>
      {help(open === 'help', () => setOpen(null))}
      {annotating.asking ? <TextDialog words={annotating.asking.words} onDone={annotating.answer} /> : null}
      {viewer ? (
        <Dialogs
          open={open}
          viewer={viewer}
          active={active}
          onClose={() => setOpen(null)}
          onChanged={onChanged}
        />
      ) : null}
    </main>
  )
}

interface DialogsProps {
  open: Open
  viewer: MammoViewer
  active: ViewingImage | null
  onClose: () => void
  onChanged: () => void
}

function Dialogs({ open, viewer, active, onClose, onChanged }: DialogsProps) {
  return (
    <>
      {open === 'true-size' ? (
        <TrueSizeDialog
          isOpen
          known={calibrationOf(preferencesNow().calibrations, screenNow())}
          onClose={onClose}
          onDone={(pixelsPerMm) => {
            const { calibrations } = preferencesNow()
            keepPreferences({ calibrations: withCalibration(calibrations, screenNow(), pixelsPerMm) })
            onClose()
            showTrueSize(viewer, pixelsPerMm)
          }}
        />
      ) : null}
      {open === 'correct' && active ? (
        <CorrectDialog
          key={active.id}
          image={active}
          onClose={onClose}
          onDone={() => {
            onClose()
            onChanged()
          }}
        />
      ) : null}
    </>
  )
}

function useActs(
  { next, previous, onLeave, annotations }: ReaderProps,
  viewer: MammoViewer | null,
  page: { readonly current: HTMLElement | null },
  setOpen: (open: Open) => void,
  settle: () => Promise<number>,
): ReadingActs {
  const { data: me } = useQuery(meQuery)
  return {
    next,
    previous,
    leave: () => (document.fullscreenElement ? void document.exitFullscreen() : onLeave()),
    fullScreen: () => void toggleFullScreen(page.current),
    trueSize: () => {
      const known = calibrationOf(preferencesNow().calibrations, screenNow())
      if (known === null) setOpen('true-size')
      else if (viewer) showTrueSize(viewer, known)
    },
    exportPicture: () => void (viewer && savePicture(viewer)),
    exportMeasurements:
      annotations === null ? null : (format) => void saveMeasurements(annotations, format, settle),
    correct: () => (me?.capabilities.correct ? setOpen('correct') : toast('You may not correct images.')),
    help: () => setOpen('help'),
  }
}

function shownImages(state: ViewerState | null): number[] {
  return (state?.panes ?? []).flatMap(({ image, missing }) => (image && missing === null ? [image.id] : []))
}

function screenNow() {
  return { width: screen.width, height: screen.height, pixelRatio: devicePixelRatio }
}

function showTrueSize(viewer: MammoViewer, pixelsPerMm: number): void {
  if (!viewer.trueSize(pixelsPerMm)) toast('This image tells no millimetres: it has no true size.')
}

async function toggleFullScreen(page: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen()
  else await page?.requestFullscreen().catch(() => toast('This browser allows no full screen here.'))
}

async function savePicture(viewer: MammoViewer): Promise<void> {
  const made = viewer.picture()
  if (!made) {
    toast('Without WebGL there is no view to save. Save the rendered picture of an image instead.')
    return
  }
  try {
    saveFile(await made, 'view.png')
  } catch (error) {
    toast(messageOf(error))
  }
}

function useTabTitle(title: string): void {
  useEffect(() => {
    // No names: tabs stand in the history of the browser.
    document.title = title ? 'Reading · Mammogram Viewer' : 'Mammogram Viewer'
  }, [title])
}
