import type { Queue } from '@/shared/api/types'
import { plural } from '@/shared/format/numbers'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { heldBackBy, undoneCount } from './queueWords'

interface ConfirmQueueProps {
  queue: Queue
  isOpen: boolean
  onClose: () => void
  onConfirm: () => Promise<void>
}

export function ConfirmDrain({ queue, ...dialog }: ConfirmQueueProps) {
  const many = plural(undoneCount(queue), 'job')
  const heldBack = heldBackBy(queue.name)
  return (
    <ConfirmDialog {...dialog} title={`Drain ${queue.name}?`} confirmLabel={`Take out ${many}`}>
      <strong>{many}</strong> that wait or are delayed are taken out; what is running goes on to its end. The
      files stay, but nothing is shown of them until somebody retries each one.{' '}
      {heldBack === null ? null : `${heldBack} among them are not sent. `}
      This cannot be undone.
    </ConfirmDialog>
  )
}

export function ConfirmRetryAll({ queue, ...dialog }: ConfirmQueueProps) {
  const many = plural(queue.failed, 'failed job')
  return (
    <ConfirmDialog
      {...dialog}
      title={`Retry all that failed in ${queue.name}?`}
      confirmLabel={`Retry ${many}`}
    >
      <strong>{many}</strong> start anew with all their attempts, and wait in line with the rest. Rejected
      files are not among them: they would be rejected again.
    </ConfirmDialog>
  )
}

interface ConfirmRemoveProps {
  jobId: string | null
  onClose: () => void
  onConfirm: () => Promise<void>
}

export function ConfirmRemove({ jobId, onClose, onConfirm }: ConfirmRemoveProps) {
  return (
    <ConfirmDialog
      isOpen={jobId !== null}
      onClose={onClose}
      onConfirm={onConfirm}
      title="Take this job out of its queue?"
      confirmLabel="Take out 1 job"
    >
      <strong>{jobId}</strong> ends here; if it is running, what it makes is thrown away. The file stays, and
      the job can be retried later.
    </ConfirmDialog>
  )
}
