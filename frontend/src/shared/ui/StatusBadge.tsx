import { Ban, CircleAlert, CircleCheck, CircleDashed, LoaderCircle } from 'lucide-react'
import styles from './StatusBadge.module.css'

export type StatusTone = 'ready' | 'working' | 'failed' | 'rejected' | 'unknown'

const ICONS = {
  ready: CircleCheck,
  working: LoaderCircle,
  failed: CircleAlert,
  rejected: Ban,
  unknown: CircleDashed,
}

/** A state is never shown by colour alone: icon and word. */
export function StatusBadge({ tone, children }: { tone: StatusTone; children: string }) {
  const Icon = ICONS[tone]
  return (
    <span className={`${styles.badge} ${styles[tone]}`}>
      <Icon aria-hidden="true" />
      {children}
    </span>
  )
}

export function toneOf(status: string): StatusTone {
  switch (status) {
    case 'ready':
    case 'completed':
    case 'ok':
    case 'active-user':
      return 'ready'
    case 'pending':
    case 'processing':
    case 'waiting':
    case 'active':
    case 'delayed':
    case 'degraded':
      return 'working'
    case 'failed':
    case 'down':
      return 'failed'
    case 'rejected':
      return 'rejected'
    default:
      return 'unknown'
  }
}
