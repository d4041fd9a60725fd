import { useRef } from 'react'
import { Link } from '@tanstack/react-router'
import { FolderOpen, Pause, Play, RotateCcw, X } from 'lucide-react'
import { formatMegabytes } from '@/shared/format/numbers'
import { IconButton } from '@/shared/ui/Button'
import { ProgressBar } from '@/shared/ui/ProgressBar'
import { StatusBadge, type StatusTone } from '@/shared/ui/StatusBadge'
import { stageInWords, type UploadItem, type UploadState } from './uploadItem'
import styles from './UploadRow.module.css'
import { continueUpload, continueWith, pauseUpload, removeUpload, retryUpload } from './uploads'

const TONES: Record<UploadState, StatusTone> = {
  waiting: 'unknown',
  sending: 'working',
  paused: 'unknown',
  interrupted: 'unknown',
  processing: 'working',
  ready: 'ready',
  rejected: 'rejected',
  failed: 'failed',
  refused: 'rejected',
}

export function UploadRow({ item }: { item: UploadItem }) {
  const imageId = item.parts.length === 1 ? item.parts[0]?.imageId : undefined
  return (
    <div className={styles.row} data-testid="upload-row" data-state={item.state}>
      <div className={styles.words}>
        <div className={styles.line}>
          {imageId === undefined ? (
            <span className={styles.name} title={item.name}>
              {item.name}
            </span>
          ) : (
            <Link
              to="/images/$imageId"
              params={{ imageId: String(imageId) }}
              className={styles.name}
              title={item.name}
            >
              {item.name}
            </Link>
          )}
          <StatusBadge tone={TONES[item.state]}>{stageInWords(item)}</StatusBadge>
        </div>
        <RowDetail item={item} />
      </div>
      <RowActions item={item} />
      {item.state === 'processing' ? null : (
        <IconButton
          label={`${removalInWords(item.state)} ${item.name}`}
          side="top"
          onClick={() => removeUpload(item.id)}
        >
          <X />
        </IconButton>
      )}
    </div>
  )
}

function removalInWords(state: UploadState): string {
  if (state === 'interrupted') return 'Discard'
  return state === 'sending' || state === 'waiting' || state === 'paused' ? 'Stop' : 'Clear'
}

/** What the server does not take, or cannot decode, it will not take the second time either: no retry for those. */
function RowActions({ item }: { item: UploadItem }) {
  switch (item.state) {
    case 'waiting':
    case 'sending':
      return (
        <IconButton label={`Pause ${item.name}`} side="top" onClick={() => pauseUpload(item.id)}>
          <Pause />
        </IconButton>
      )
    case 'paused':
      return (
        <IconButton label={`Continue ${item.name}`} side="top" onClick={() => continueUpload(item.id)}>
          <Play />
        </IconButton>
      )
    case 'interrupted':
      return <ChooseAgain item={item} />
    case 'failed':
      return (
        <IconButton label={`Try ${item.name} again`} side="top" onClick={() => retryUpload(item.id)}>
          <RotateCcw />
        </IconButton>
      )
    default:
      return null
  }
}

/** A page that was closed cannot keep a file: the person gives it once more. */
function ChooseAgain({ item }: { item: UploadItem }) {
  const input = useRef<HTMLInputElement>(null)
  function take(event: React.ChangeEvent<HTMLInputElement>): void {
    const file = event.target.files?.[0]
    if (file) void continueWith(item.id, file)
    event.target.value = ''
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={`The file ${item.name}`}
        data-testid="continue-file"
        onChange={take}
      />
      <IconButton
        label={`Continue: choose ${item.name} again`}
        side="top"
        onClick={() => input.current?.click()}
      >
        <FolderOpen />
      </IconButton>
    </>
  )
}

function RowDetail({ item }: { item: UploadItem }) {
  if (item.reason) {
    return (
      <p className={styles.reason} title={item.reason}>
        {item.reason}
      </p>
    )
  }
  if (item.state === 'sending') {
    return (
      <ProgressBar label={`${item.name}, sent`} value={item.sentByteCount / Math.max(1, item.byteCount)} />
    )
  }
  if (item.state === 'interrupted') {
    const text = `Choose or drop it again · ${formatMegabytes(item.sentByteCount)} of ${formatMegabytes(item.byteCount)} kept`
    return (
      <p className={styles.reason} title={text}>
        {text}
      </p>
    )
  }
  if (item.state === 'paused' && item.sentByteCount > 0) {
    return (
      <p className={styles.size}>
        {formatMegabytes(item.sentByteCount)} of {formatMegabytes(item.byteCount)} sent
      </p>
    )
  }
  return <p className={styles.size}>{formatMegabytes(item.byteCount)}</p>
}
