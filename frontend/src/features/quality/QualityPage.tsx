import { useCallback, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Gauge } from 'lucide-react'
import { ApiProblem } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import { formatCount, plural } from '@/shared/format/numbers'
import { formatDay } from '@/shared/format/zoned'
import { RangePicker } from '@/shared/range/RangePicker'
import { Button, buttonClass } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { PageHead } from '@/shared/ui/PageHead'
import { Unread } from '@/shared/ui/Unread'
import { type Behind, type Overview, overviewQuery } from './api'
import { CompletenessPanel } from './CompletenessPanel'
import { CompressionPanels } from './CompressionPanels'
import { type Drill, DrillContext } from './Count'
import { DosePanel } from './DosePanel'
import { DrillDialog } from './DrillDialog'
import { Filters } from './Filters'
import { HeadersPanel } from './HeadersPanel'
import styles from './Quality.module.css'
import { type QualitySearch, qualityQueryOf } from './qualitySearch'
import { TechniquePanels } from './TechniquePanels'

const TITLE = 'Imaging quality'

/** Dose, compression, technique and completeness of exams, for administrators and radiologists. */
export function QualityPage() {
  const { data: me } = useQuery(meQuery)
  if (me && me.user.role !== 'admin' && me.user.role !== 'radiologist') return <NotForThisRole />
  return <Quality />
}

function NotForThisRole() {
  return (
    <div className={styles.page}>
      <PageHead title={TITLE} />
      <EmptyState
        icon={<Gauge />}
        title="Administrators and radiologists see imaging quality"
        actions={
          <Link to="/" className={buttonClass('primary')}>
            To the gallery
          </Link>
        }
      >
        Your role does not allow this. An administrator can change it.
      </EmptyState>
    </div>
  )
}

function Quality() {
  const search: QualitySearch = useSearch({ from: '/frame/analytics/quality' })
  const navigate = useNavigate()
  const query = qualityQueryOf(search)
  const overview = useQuery(overviewQuery(query))
  const [drilled, setDrilled] = useState<{ title: string; behind: Behind } | null>(null)
  const drill: Drill = useCallback((title, behind) => setDrilled({ title, behind }), [])
  const go = (to: QualitySearch) =>
    void navigate({ to: '/analytics/quality', search: to, resetScroll: false })
  const { by, unit, noUnit, operator, noOperator } = search
  return (
    <DrillContext.Provider value={drill}>
      <div className={styles.page} aria-busy={overview.isPlaceholderData || undefined}>
        <PageHead
          title={TITLE}
          lead={<Lead overview={overview.data} isStale={overview.isPlaceholderData} />}
        />
        <RangePicker
          search={search}
          zone={query.tz}
          onChange={(range) => go({ by, unit, noUnit, operator, noOperator, ...range })}
        />
        <Filters search={search} overview={overview.data} onChange={(part) => go({ ...search, ...part })} />
        {overview.error ? (
          <Trouble
            error={overview.error}
            hasOld={overview.data !== undefined}
            onAgain={() => void overview.refetch()}
            onAll={() => go({ days: search.days, from: search.from, to: search.to })}
          />
        ) : null}
        {isRefused(overview.error) ? null : (
          <>
            <DosePanel query={query} />
            <CompressionPanels query={query} />
            <TechniquePanels query={query} />
            <CompletenessPanel query={query} />
            <HeadersPanel query={query} />
          </>
        )}
      </div>
      {drilled ? <DrillDialog {...drilled} query={query} onClose={() => setDrilled(null)} /> : null}
    </DrillContext.Provider>
  )
}

/** What was asked for is none; every other question would be refused in the same words. */
const isRefused = (error: Error | null) => error instanceof ApiProblem && error.status === 422

function Lead({ overview, isStale }: { overview: Overview | undefined; isStale: boolean }) {
  if (!overview || isStale) return <span className={styles.lead}>Reading the numbers…</span>
  const { range, exposures, files, byArrival, phantoms } = overview
  return (
    <span className={`${styles.lead} tabular`} data-testid="quality-lead">
      <span>
        {formatDay(range.from)} to {formatDay(range.to)}, {range.tz.replaceAll('_', ' ')}
      </span>
      <span>
        {plural(exposures, 'exposure')} in {plural(files, 'file')}
        {byArrival > 0 ? `, ${formatCount(byArrival)} dated by their arrival` : ''}
        {phantoms > 0 ? `, ${plural(phantoms, 'phantom')} left out` : ''}
      </span>
    </span>
  )
}

interface TroubleProps {
  error: Error
  hasOld: boolean
  onAgain: () => void
  onAll: () => void
}

function Trouble({ error, hasOld, onAgain, onAll }: TroubleProps) {
  return (
    <>
      <Unread what="The numbers" error={error} hasOld={hasOld} onAgain={onAgain} />
      {isRefused(error) ? (
        <p>
          <Button onClick={onAll}>All units and operators</Button>
        </p>
      ) : null}
    </>
  )
}
