import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronDown, ChevronUp } from 'lucide-react'
import { announceImages } from '@/shared/api/imageEvents'
import { meQuery } from '@/shared/api/queries'
import { formatCount, formatDuration, formatMegabytes, plural } from '@/shared/format/numbers'
import { Button, IconButton } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { ProgressBar } from '@/shared/ui/ProgressBar'
import { offerInterrupted } from './interrupted'
import { UploadRow } from './UploadRow'
import styles from './UploadTray.module.css'
import {
  clearFinishedUploads,
  continueAllUploads,
  pauseAllUploads,
  resumeUploads,
  retryAllUploads,
  showInterrupted,
  subscribeToUploads,
  uploadSnapshot,
  type UploadSnapshot,
} from './uploads'

/** Bottom right, on every page: how far each file is, until it is ready or somebody has to look. */
export function UploadTray() {
  const uploads = useSyncExternalStore(subscribeToUploads, uploadSnapshot)
  const [isOpen, setOpen] = useState(true)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const [openedOn, setOpenedOn] = useState(path)
  const [seenCount, setSeenCount] = useState(uploads.totals.count)
  const isIdle = !uploads.totals.isWorking
  const { data: me } = useQuery({ ...meQuery, enabled: false })
  useWarnBeforeClosing(uploads.totals.unsent > 0)
  useInterrupted(me?.capabilities.upload ? me.user.id : null)
  const isSignedOut = uploads.pause === 'signed-out'
  const isShown = uploads.totals.count > 0 && (Boolean(me) || isSignedOut)
  useRoomForTray(isShown)
  // Somebody who moves on has seen that all is done: the list steps aside.
  if (path !== openedOn) {
    setOpenedOn(path)
    if (isIdle && isShown) setOpen(false)
  }
  if (uploads.totals.count !== seenCount) {
    setSeenCount(uploads.totals.count)
    if (uploads.totals.count > seenCount) setOpen(true)
  }
  if (!isShown) return <Announcement text="" />
  return (
    <section className={styles.tray} aria-label="Uploads" data-testid="upload-tray">
      <header className={styles.head}>
        <h2>{headline(uploads)}</h2>
        <IconButton
          label={isOpen ? 'Fold the list' : 'Unfold the list'}
          aria-expanded={isOpen}
          side="top"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <ChevronDown /> : <ChevronUp />}
        </IconButton>
      </header>
      <Overall uploads={uploads} />
      <PauseNotice uploads={uploads} />
      {isOpen ? <UploadList uploads={uploads} /> : null}
      {isOpen && !isSignedOut ? <TrayActions uploads={uploads} /> : null}
      <Announcement text={headline(uploads)} />
    </section>
  )
}

/** Pages scroll their last lines above the folded tray. */
function useRoomForTray(isNeeded: boolean): void {
  useEffect(() => {
    document.documentElement.toggleAttribute('data-tray', isNeeded)
    return () => document.documentElement.removeAttribute('data-tray')
  }, [isNeeded])
}

/** What a page that was closed has begun is offered once, to the person who began it. */
function useInterrupted(userId: number | null): void {
  useEffect(() => {
    if (userId === null) return
    const leaving = new AbortController()
    void offerInterrupted(showInterrupted, leaving.signal)
    return () => leaving.abort()
  }, [userId])
}

function useWarnBeforeClosing(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return
    function warn(event: BeforeUnloadEvent): void {
      event.preventDefault()
    }
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isNeeded])
}

function headline({ totals }: UploadSnapshot): string {
  if (totals.unsent > 0 && totals.unsent === totals.byState.paused)
    return `Paused: ${formatCount(totals.sent)} of ${plural(totals.beingSent, 'file')} sent`
  if (totals.unsent > 0)
    return `Uploading: ${formatCount(totals.sent)} of ${plural(totals.beingSent, 'file')} sent`
  if (totals.isWorking)
    return `Converting: ${formatCount(totals.over)} of ${plural(totals.beingSent, 'file')} done`
  if (totals.troubles > 0) {
    return totals.byState.ready > 0
      ? `${plural(totals.byState.ready, 'file')} ready, ${totals.troubles} not`
      : `${plural(totals.troubles, 'file')} could not be shown`
  }
  if (totals.byState.interrupted > 0)
    return `${plural(totals.byState.interrupted, 'upload')} can be continued`
  return `${plural(totals.count, 'file')} ready`
}

function Overall({ uploads: { totals, bytesPerSecond } }: { uploads: UploadSnapshot }) {
  if (!totals.isWorking) return null
  const left = bytesPerSecond ? (totals.byteCount - totals.sentByteCount) / bytesPerSecond : null
  const isSending = totals.unsent > 0
  const share = isSending
    ? totals.sentByteCount / Math.max(1, totals.byteCount)
    : totals.over / Math.max(1, totals.beingSent)
  const facts = isSending
    ? [
        `${formatMegabytes(totals.sentByteCount)} of ${formatMegabytes(totals.byteCount)}`,
        bytesPerSecond ? `${formatMegabytes(bytesPerSecond)}/s` : null,
        left === null ? null : `${formatDuration(left)} left`,
      ]
    : ['All files are on the server; this page may be closed.']
  return (
    <div className={styles.overall}>
      <ProgressBar label="All uploads" value={share} tone={isSending ? 'accent' : 'working'} />
      <p className={`tabular ${styles.facts}`}>{facts.filter(Boolean).join(' · ')}</p>
    </div>
  )
}

function PauseNotice({ uploads }: { uploads: UploadSnapshot }) {
  switch (uploads.pause) {
    case null:
      return null
    case 'offline':
      return (
        <Notice kind="working" title="Connection lost">
          Nothing is lost. Sending goes on when the server answers again.
        </Notice>
      )
    case 'signed-out':
      return (
        <Notice kind="working" title="Sign in to continue">
          Sending waits and goes on after you sign in on this page.
        </Notice>
      )
    case 'busy':
      return <Notice kind="working">{uploads.pauseReason}</Notice>
    case 'storage-full':
      return (
        <Notice
          kind="failed"
          title="The server’s storage is full"
          action={<Button onClick={resumeUploads}>Try again</Button>}
        >
          {uploads.pauseReason}
        </Notice>
      )
  }
}

const ROW_REM = 3.25

function UploadList({ uploads }: { uploads: UploadSnapshot }) {
  const box = useRef<HTMLDivElement>(null)
  const rowHeight = ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const virtualizer = useVirtualizer({
    count: uploads.order.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    getItemKey: (index) => uploads.items[uploads.order[index] ?? -1]?.id ?? index,
  })
  const shownRows = Math.min(5, uploads.order.length)
  return (
    // A list that scrolls must be reachable by the keyboard.
    <div
      ref={box}
      className={styles.list}
      tabIndex={0}
      aria-label="Files"
      role="group"
      style={{ height: shownRows * rowHeight }}
    >
      <ul style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((row) => {
          const item = uploads.items[uploads.order[row.index] ?? -1]
          return item ? (
            <li key={row.key} style={{ height: row.size, transform: `translateY(${row.start}px)` }}>
              <UploadRow item={item} />
            </li>
          ) : null
        })}
      </ul>
    </div>
  )
}

function TrayActions({ uploads: { totals } }: { uploads: UploadSnapshot }) {
  const navigate = useNavigate()
  function show(): void {
    void navigate({ to: '/', search: {} }).then(() => {
      window.scrollTo({ top: 0 })
      // After the scrolling is noticed: the head of the list is only freshened in sight.
      requestAnimationFrame(() => announceImages({ kind: 'arrived' }))
    })
  }
  const canRetry = totals.byState.failed > 0
  return (
    <footer className={styles.actions}>
      {canRetry ? <Button onClick={retryAllUploads}>Retry failed</Button> : null}
      {totals.byState.waiting + totals.byState.sending > 0 ? (
        <Button kind="quiet" onClick={pauseAllUploads}>
          Pause all
        </Button>
      ) : null}
      {totals.byState.paused > 0 ? <Button onClick={continueAllUploads}>Continue all</Button> : null}
      {totals.over > 0 ? (
        <Button kind="quiet" onClick={clearFinishedUploads}>
          {totals.isWorking ? 'Clear finished' : 'Clear'}
        </Button>
      ) : null}
      <Button onClick={show}>Show in gallery</Button>
    </footer>
  )
}

/** Read aloud at most every few seconds: a running count is noise. */
function Announcement({ text }: { text: string }) {
  const [said, setSaid] = useState('')
  const latest = useRef(text)
  useEffect(() => {
    latest.current = text
  })
  useEffect(() => {
    const timer = setInterval(() => setSaid(latest.current), 5000)
    return () => clearInterval(timer)
  }, [])
  return (
    <div className="visually-hidden" aria-live="polite">
      {said}
    </div>
  )
}
