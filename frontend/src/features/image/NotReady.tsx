import { useState } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Ban, CircleAlert, ImageOff, LoaderCircle, RotateCcw } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { retryJob } from '@/shared/api/jobs'
import { meQuery } from '@/shared/api/queries'
import type { ImageDetail } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import styles from './NotReady.module.css'
import { RetryRendition } from './RetryRendition'

/** The original itself is away or not what was sent: nobody may be told that it is safe. */
const ORIGINAL_TROUBLES = new Set(['file_missing', 'file_changed'])

/** In the picture's place, while there is none. */
export function NotReady({ image }: { image: ImageDetail }) {
  if (image.status === 'pending' || image.status === 'processing') return <UnderWay image={image} />
  const isFailed = image.status === 'failed'
  return (
    <div className={styles.words} data-testid="not-ready" role="status">
      {isFailed ? (
        <CircleAlert className={styles.failed} aria-hidden="true" />
      ) : (
        <Ban className={styles.rejected} aria-hidden="true" />
      )}
      <h2>{isFailed ? 'The conversion failed' : 'This file cannot be shown'}</h2>
      <p>{image.reason ?? image.job?.error ?? 'No reason was recorded.'}</p>
      {ORIGINAL_TROUBLES.has(image.reasonCode ?? '') ? null : (
        <p className={styles.quiet}>Nothing is lost: the original is kept and can be downloaded.</p>
      )}
      <RetryButton image={image} />
    </div>
  )
}

function UnderWay({ image }: { image: ImageDetail }) {
  const isActive = image.status === 'processing'
  const job = image.job
  return (
    <div className={styles.words} data-testid="not-ready" role="status">
      <LoaderCircle className={styles.working} aria-hidden="true" />
      <h2>{isActive ? 'Converting' : job?.state === 'delayed' ? 'Waiting to be tried again' : 'Queued'}</h2>
      <p>
        {isActive
          ? 'The picture is being made. It appears here by itself.'
          : 'It is stored safely and waits for a worker. The picture appears here by itself.'}
      </p>
      {job && job.attemptsMade > 1 ? (
        <p className={styles.quiet}>
          Attempt {job.attemptsMade} of {job.attempts}
        </p>
      ) : null}
    </div>
  )
}

function RetryButton({ image }: { image: ImageDetail }) {
  const client = useQueryClient()
  const { data: me } = useQuery(meQuery)
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  async function retry(): Promise<void> {
    setBusy(true)
    setTrouble(null)
    try {
      await retryJob(image.jobId)
      announceImages({ kind: 'changed', imageIds: [image.id] })
      await client.invalidateQueries({ queryKey: ['image', String(image.id)] })
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (me?.capabilities.correct !== true) return null
  return (
    <>
      <Button icon={<RotateCcw />} isBusy={isBusy} onClick={() => void retry()}>
        Try again
      </Button>
      {trouble ? <p className={styles.failed}>{trouble}</p> : null}
    </>
  )
}

export function PictureBroken({ onAgain }: { onAgain: () => void }) {
  return (
    <div className={styles.words} role="alert">
      <ImageOff aria-hidden="true" />
      <h2>The picture could not be loaded</h2>
      <p>Nothing is lost. The line may have broken while it came.</p>
      <Button onClick={onAgain}>Load again</Button>
    </div>
  )
}

/** Another picture than the default one is made when somebody first asks for it. */
export function BeingMade({ name }: { name: string }) {
  return (
    <div className={styles.words} data-testid="being-made" role="status">
      <LoaderCircle className={styles.working} aria-hidden="true" />
      <h2>Being made…</h2>
      <p>{name}</p>
      <p className={styles.quiet}>It is asked for the first time, and appears here by itself.</p>
    </div>
  )
}

interface PictureRefusedProps {
  problem: unknown
  name: string
  onAgain: () => void
  onDefault: () => void
}

/** Another picture than the default one could not be made; the default one is a step away. */
export function PictureRefused({ problem, name, onAgain, onDefault }: PictureRefusedProps) {
  return (
    <div className={styles.words} role="alert" data-testid="picture-refused">
      <CircleAlert className={styles.failed} aria-hidden="true" />
      <h2>This picture could not be made</h2>
      <p className={styles.quiet}>{name}</p>
      <p>{messageOf(problem)}</p>
      <p className={styles.quiet}>The image itself is unharmed.</p>
      <div className={styles.actions}>
        <RetryRendition problem={problem} onAgain={onAgain} />
        <Button onClick={onDefault}>Show the default picture</Button>
      </div>
    </div>
  )
}
