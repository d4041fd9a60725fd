import { type ReactNode, useMemo } from 'react'
import { ArrowDown, ArrowUp, Equal, HelpCircle } from 'lucide-react'
import { formatCount } from '@/shared/format/numbers'
import { Skeleton } from '@/shared/ui/Skeleton'
import styles from './Cards.module.css'
import { unknownBefore } from './series'
import { Sparkline } from './Sparkline'
import type { Dashboard, Range } from './types'
import { type Change, changeOf, countOrDash, inUnit, sizeUnit } from './words'

interface CardProps {
  title: string
  figure: string
  unit: string
  change: Change
  /** A second number that belongs to the first. */
  beside?: ReactNode
  spark: readonly (number | null)[]
  token: string
}

export function Card({ title, figure, unit, change, beside, spark, token }: CardProps) {
  return (
    <section className={styles.card} aria-label={title}>
      <h2 className={styles.title}>{title}</h2>
      <p className={styles.figure}>
        <output>{figure}</output> <span className={styles.unit}>{unit}</span>
      </p>
      <Sparkline values={spark} token={token} />
      <ChangeLine change={change} />
      <p className={styles.beside}>{beside}</p>
    </section>
  )
}

const ICONS = { more: ArrowUp, less: ArrowDown, same: Equal, unknown: HelpCircle }

export function ChangeLine({ change }: { change: Change }) {
  const Icon = ICONS[change.tone]
  return (
    <p className={styles.change}>
      <Icon aria-hidden="true" />
      <span>
        {change.figure ? <strong className="tabular">{change.figure} </strong> : null}
        {change.words}
      </span>
    </p>
  )
}

/** The four numbers that one comes for, each against the days before. */
export function SummaryCards({ dashboard }: { dashboard: Dashboard }) {
  const { summary, range } = dashboard
  const sparks = useMemo(() => sparksOf(dashboard), [dashboard])
  const size = sizeUnit(summary.storageBytes.value ?? 0)
  return (
    <div className={styles.cards}>
      <Card
        title="Images"
        figure={countOrDash(summary.images.value)}
        unit="images"
        change={changeOf(summary.images, { range, kind: 'stock' })}
        beside={<Beside value={summary.newUploads} range={range} what="new uploads" />}
        spark={sparks.images}
        token="--series-uploads"
      />
      <Card
        title="Users"
        figure={countOrDash(summary.users.value)}
        unit="users"
        change={changeOf(summary.users, { range, kind: 'stock' })}
        beside={<Beside value={summary.activeUsers} range={range} what="active" />}
        spark={sparks.activeUsers}
        token="--series-users"
      />
      <Card
        title="Views"
        figure={countOrDash(summary.views.value)}
        unit="views"
        change={changeOf(summary.views, { range, kind: 'flow' })}
        spark={sparks.views}
        token="--series-views"
      />
      <Card
        title="Storage"
        figure={summary.storageBytes.value === null ? '–' : inUnit(summary.storageBytes.value, size)}
        unit={size.unit}
        change={changeOf(summary.storageBytes, {
          range,
          kind: 'stock',
          unit: size.unit,
          format: (bytes) => inUnit(bytes, size),
        })}
        spark={sparks.bytes}
        token="--series-storage"
      />
    </div>
  )
}

function sparksOf({ charts, knownFrom, range }: Dashboard) {
  const known = { from: knownFrom, tz: range.tz }
  return {
    images: unknownBefore(charts.storage, known, ({ images }) => images),
    activeUsers: unknownBefore(charts.activity, known, ({ activeUsers }) => activeUsers),
    views: unknownBefore(charts.activity, known, ({ views }) => views),
    bytes: unknownBefore(charts.storage, known, ({ bytes }) => bytes),
  }
}

function Beside({
  value,
  range,
  what,
}: {
  value: Dashboard['summary']['views']
  range: Range
  what: string
}) {
  const change = changeOf(value, { range, kind: 'flow' })
  return (
    <>
      <strong className="tabular">{countOrDash(value.value)}</strong> {what}{' '}
      <span className="tabular" title={`${change.figure} ${change.words}`}>
        {value.previous === null ? '(before: unknown)' : `(before: ${formatCount(value.previous)})`}
      </span>
    </>
  )
}

export function CardSkeletons() {
  return (
    <div className={styles.cards} aria-hidden="true">
      {['Images', 'Users', 'Views', 'Storage'].map((title) => (
        <div key={title} className={styles.card}>
          <Skeleton width="4rem" height="1.125rem" />
          <Skeleton width="7rem" height="2.25rem" />
          <Skeleton height="2rem" />
          <Skeleton width="80%" height="2.25rem" />
          <Skeleton width="60%" height="1.125rem" />
        </div>
      ))}
    </div>
  )
}
