import { useRef } from 'react'
import { useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronDown, ChevronUp } from 'lucide-react'
import { announceImages } from '@/shared/api/imageEvents'
import { formatDuration, formatMegabytes } from '@/shared/format/numbers'
import { Button, IconButton } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { ProgressBar } from '@/shared/ui/ProgressBar'
import { headline } from './headline'
import { UploadRow } from './UploadRow'
import styles from './TrayPanel.module.css'
import {
  clearFinishedUploads,
  continueAllUploads,
  pauseAllUploads,
  resumeUploads,
  retryAllUploads,
  type UploadSnapshot,
} from './uploads'

interface TrayPanelProps {
  uploads: UploadSnapshot
  isOpen: boolean
  onFold: () => void
}

/** What is seen of the tray. */
export function TrayPanel({ uploads, isOpen, onFold }: TrayPanelProps) {
  return (
    <section className={styles.tray} aria-label="Uploads" data-testid="upload-tray">
      <header className={styles.head}>
        <h2>{headline(uploads)}</h2>
        <IconButton
          label={isOpen ? 'Fold the list' : 'Unfold the list'}
          aria-expanded={isOpen}
          side="top"
          onClick={onFold}
        >
          {isOpen ? <ChevronDown /> : <ChevronUp />}
        </IconButton>
      </header>
      <Overall uploads={uploads} />
      <PauseNotice uploads={uploads} />
      {isOpen ? <UploadList uploads={uploads} /> : null}
      {isOpen && uploads.pause !== 'signed-out' ? <TrayActions uploads={uploads} /> : null}
    </section>
  )
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
