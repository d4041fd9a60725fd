import { useQuery } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import type { Health } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { formatCount, formatDuration, formatMegabytes } from '@/shared/format/numbers'
import { Notice } from '@/shared/ui/Notice'
import page from '@/shared/ui/Page.module.css'
import { PageHead } from '@/shared/ui/PageHead'
import { Facts, Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import styles from './HealthPage.module.css'
import { healthQuery } from './health'

const SENTENCES: Record<string, string> = {
  ok: 'Everything answers.',
  degraded: 'It works, but a part is away. Uploads are kept; images may wait to be converted.',
  down: 'It cannot serve at present. What was accepted is safe; run “mammogram-viewer doctor” on the server.',
}

export function HealthPage() {
  const { data: health, error, dataUpdatedAt } = useQuery(healthQuery)
  return (
    <div className={page.page}>
      <PageHead
        title="Health"
        lead={
          dataUpdatedAt ? `Read ${formatDateTime(new Date(dataUpdatedAt).toISOString())}, every 10 s` : ' '
        }
      />
      {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
      {health ? <HealthFacts health={health} /> : error ? null : <Skeleton height="12rem" />}
    </div>
  )
}

function HealthFacts({ health }: { health: Health }) {
  const { database, redis, storage, queues } = health
  return (
    <>
      <Notice kind={health.status === 'ok' ? 'ready' : health.status === 'degraded' ? 'working' : 'failed'}>
        {SENTENCES[health.status] ?? health.status}
      </Notice>
      <div className={styles.parts}>
        <Panel title="Database" actions={<State status={database.status} />}>
          <Facts
            facts={[
              ['Answers in', database.latencyMs == null ? null : `${database.latencyMs.toFixed(1)} ms`],
            ]}
          />
        </Panel>
        <Panel title="Redis" actions={<State status={redis.status} />}>
          <Facts
            facts={[
              ['Memory', redis.usedMemoryBytes == null ? null : formatMegabytes(redis.usedMemoryBytes)],
              ['When full', redis.maxmemoryPolicy],
            ]}
          />
        </Panel>
        <Panel title="Queues" actions={<State status={queues.status} />}>
          <Facts
            facts={[
              ['Workers alive', queues.workersAlive == null ? null : formatCount(queues.workersAlive)],
              [
                'Oldest waiting',
                queues.oldestWaitingSeconds == null ? null : formatDuration(queues.oldestWaitingSeconds),
              ],
            ]}
          />
        </Panel>
        <Panel title="Storage" actions={<State status={storage.status} />}>
          <Facts
            facts={[
              ['Used', storage.usedBytes == null ? null : formatMegabytes(storage.usedBytes)],
              [
                'Free',
                storage.limited === false
                  ? 'not limited'
                  : storage.freeBytes == null
                    ? null
                    : formatMegabytes(storage.freeBytes),
              ],
            ]}
          />
        </Panel>
      </div>
      <p className={styles.version}>Version {health.version}</p>
    </>
  )
}

function State({ status }: { status: string }) {
  return <StatusBadge tone={toneOf(status)}>{status}</StatusBadge>
}
