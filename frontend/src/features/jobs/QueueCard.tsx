import { type ReactNode, useId, useState } from 'react'
import { Link } from '@tanstack/react-router'
import { Ellipsis, Gauge, Pause, Play, RotateCcw, Trash2 } from 'lucide-react'
import type { JobState, Queue } from '@/shared/api/types'
import { formatCount } from '@/shared/format/numbers'
import { Button, IconButton } from '@/shared/ui/Button'
import { Menu, MenuItem } from '@/shared/ui/Menu'
import { Facts } from '@/shared/ui/Panel'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import { ConcurrencyDialog } from './ConcurrencyDialog'
import { ConfirmDrain, ConfirmRetryAll } from './confirmations'
import styles from './QueueCard.module.css'
import {
  etaInWords,
  failureRateInWords,
  oldestInWords,
  pausedInWords,
  purposeOf,
  rateInWords,
  standingOf,
  undoneCount,
  workersInWords,
} from './queueWords'
import { useQueueActs } from './useQueueActs'

/** One queue: how much there is, how fast it goes, and what may be done to it. */
export function QueueCard({ queue }: { queue: Queue }) {
  const id = useId()
  const standing = standingOf(queue)
  return (
    <section className={styles.card} aria-labelledby={id} data-testid={`queue-${queue.name}`}>
      <header className={styles.head}>
        <div>
          <h2 id={id}>{queue.name}</h2>
          <p className={queue.paused ? styles.paused : styles.purpose}>
            {queue.paused ? pausedInWords(queue) : purposeOf(queue.name)}
          </p>
        </div>
        <StatusBadge tone={standing.tone}>{standing.word}</StatusBadge>
      </header>
      <ul className={styles.counts}>
        <Count queue={queue} state="waiting" label="Waiting" value={queue.waiting} />
        <Count queue={queue} label="Prioritized" value={queue.prioritized} />
        <Count queue={queue} state="active" label="Active" value={queue.active} />
        <Count queue={queue} state="delayed" label="Delayed" value={queue.delayed} />
        <Count queue={queue} state="completed" label="Completed" value={queue.completed} />
        <Count queue={queue} state="rejected" label="Rejected" value={queue.rejected} />
        <Count queue={queue} state="failed" label="Failed" value={queue.failed} />
        <Count queue={queue} state="cancelled" label="Taken out" value={queue.cancelled} />
      </ul>
      <Facts
        facts={[
          ['Rate, 15 min', rateInWords(queue)],
          ['Done in about', etaInWords(queue)],
          ['Oldest waiting', oldestInWords(queue)],
          ['Failed in 24 h', failureRateInWords(queue)],
          ['Workers × jobs', workersInWords(queue)],
        ]}
      />
      <Acts queue={queue} />
    </section>
  )
}

interface CountProps {
  queue: Queue
  label: string
  value: number
  /** The list below then shows these alone. */
  state?: JobState
}

/** What waits with a priority is waiting in the list as well, so that number leads nowhere of its own. */
function Count({ queue, label, value, state }: CountProps) {
  const words: ReactNode = (
    <>
      <span className={styles.value}>{formatCount(value)}</span>
      <span className={styles.label}>{label}</span>
    </>
  )
  const isTrouble = value > 0 && state === 'failed'
  return (
    <li className={isTrouble ? styles.trouble : undefined}>
      {state === undefined ? (
        <span
          className={styles.count}
          title="Bulk imports and back-fills; they come after what people upload"
        >
          {words}
        </span>
      ) : (
        <Link
          to="/admin/jobs"
          search={{ queue: queue.name, state }}
          resetScroll={false}
          className={styles.count}
        >
          {words}
        </Link>
      )}
    </li>
  )
}

function Acts({ queue }: { queue: Queue }) {
  const acts = useQueueActs(queue)
  const [asking, setAsking] = useState<'drain' | 'retry' | 'concurrency' | null>(null)
  const close = () => setAsking(null)
  const undone = undoneCount(queue)
  return (
    <footer className={styles.acts}>
      {queue.paused ? (
        <Button kind="primary" icon={<Play />} isBusy={acts.isBusy} onClick={acts.resume}>
          Resume
        </Button>
      ) : (
        <Button icon={<Pause />} isBusy={acts.isBusy} onClick={acts.pause}>
          Pause
        </Button>
      )}
      {queue.failed > 0 ? (
        <Button icon={<RotateCcw />} onClick={() => setAsking('retry')}>
          {`Retry ${formatCount(queue.failed)} failed`}
        </Button>
      ) : null}
      <Menu
        trigger={
          <IconButton label={`More for ${queue.name}`} className={styles.more}>
            <Ellipsis />
          </IconButton>
        }
      >
        <MenuItem icon={<Gauge />} onSelect={() => setAsking('concurrency')}>
          Change concurrency…
        </MenuItem>
        <MenuItem icon={<Trash2 />} disabled={undone === 0} onSelect={() => setAsking('drain')}>
          Drain…
        </MenuItem>
      </Menu>
      <ConfirmDrain queue={queue} isOpen={asking === 'drain'} onClose={close} onConfirm={acts.drain} />
      <ConfirmRetryAll queue={queue} isOpen={asking === 'retry'} onClose={close} onConfirm={acts.retryAll} />
      {asking === 'concurrency' ? (
        <ConcurrencyDialog queue={queue} onClose={close} onSave={acts.setConcurrency} />
      ) : null}
    </footer>
  )
}
