import { Link } from '@tanstack/react-router'
import { RotateCcw, X } from 'lucide-react'
import { formatMegabytes } from '@/shared/format/numbers'
import { IconButton } from '@/shared/ui/Button'
import { ProgressBar } from '@/shared/ui/ProgressBar'
import { StatusBadge, type StatusTone } from '@/shared/ui/StatusBadge'
import { stageInWords, type UploadItem, type UploadState } from './uploadItem'
import styles from './UploadRow.module.css'
import { removeUpload, retryUpload } from './uploads'

const TONES: Record<UploadState, StatusTone> = {
  waiting: 'unknown',
  sending: 'working',
  processing: 'working',
  ready: 'ready',
  rejected: 'rejected',
  failed: 'failed',
  refused: 'rejected',
}

export function UploadRow({ item }: { item: UploadItem }) {
  const imageId = item.parts.length === 1 ? item.parts[0]?.imageId : undefined
  // What the server does not take, or cannot decode, it will not take the second time either.
  const canRetry = item.state === 'failed'
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
      {canRetry ? (
        <IconButton label={`Try ${item.name} again`} side="top" onClick={() => retryUpload(item.id)}>
          <RotateCcw />
        </IconButton>
      ) : null}
      {item.state === 'processing' ? null : (
        <IconButton
          label={
            item.state === 'sending' || item.state === 'waiting' ? `Stop ${item.name}` : `Clear ${item.name}`
          }
          side="top"
          onClick={() => removeUpload(item.id)}
        >
          <X />
        </IconButton>
      )}
    </div>
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
  return <p className={styles.size}>{formatMegabytes(item.byteCount)}</p>
}
