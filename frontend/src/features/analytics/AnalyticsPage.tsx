import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { FileText, Gauge } from 'lucide-react'
import { calmly } from '@/shared/api/calmly'
import { ApiProblem } from '@/shared/api/client'
import { meQuery, queryClient, reread } from '@/shared/api/queries'
import { formatCount, plural } from '@/shared/format/numbers'
import { formatSecondsIn } from '@/shared/format/zoned'
import { Button, buttonClass } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import styles from './AnalyticsPage.module.css'
import { type RangeQuery, rangeQueryOf } from '@/shared/range/rangeSearch'
import { type AnalyticsSearch } from './analyticsSearch'
import { csvLink, dashboardQuery, reportLink } from './api'
import { BreakdownPanel } from './BreakdownPanel'
import { CohortsPanel } from './CohortsPanel'
import { DashboardCharts } from './DashboardCharts'
import { FeedPanel } from './FeedPanel'
import { FileTypesTable } from './FileTypesTable'
import { MostViewedPanel } from './MostViewedPanel'
import { ProcessingPanels } from './ProcessingPanel'
import { RangePicker } from '@/shared/range/RangePicker'
import { rangeInWords } from './series'
import { useAnalyticsStream, useStream } from './stream'
import { CardSkeletons, SummaryCards } from './SummaryCards'
import type { Dashboard } from './types'
import { Unread } from '@/shared/ui/Unread'

/** What happens in this service: the numbers of the days that are chosen, kept up as they change. */
export function AnalyticsPage() {
  const { data: me } = useQuery(meQuery)
  if (me && !me.capabilities.administer) return <NotForThisRole />
  return <Analytics />
}

function NotForThisRole() {
  return (
    <div className={styles.page}>
      <PageHead title="Analytics" />
      <EmptyState
        icon={<Gauge />}
        title="Only administrators see analytics"
        actions={
          <Link to="/account" className={buttonClass('primary')}>
            My own numbers
          </Link>
        }
      >
        Your own uploads and views are on the page of your account.
      </EmptyState>
    </div>
  )
}

const LIVE_PAUSE_MILLISECONDS = 2000
const rereadNumbers = calmly(() => {
  void reread(['analytics', 'dashboard'])
}, LIVE_PAUSE_MILLISECONDS)

function Analytics() {
  const search: AnalyticsSearch = useSearch({ from: '/frame/analytics' })
  const navigate = useNavigate()
  const query = rangeQueryOf(search)
  const dashboard = useQuery(dashboardQuery(query))
  useAnalyticsStream(query.tz, (totals) => {
    const known = queryClient.getQueryData(dashboardQuery(query).queryKey)
    // Days that are over do not change any more; only what was told last may be older than the page.
    if (known && known.range.partial && totals.asOf > known.computedAt) rereadNumbers.ask()
  })
  const go = (to: AnalyticsSearch, resetScroll: boolean) =>
    void navigate({ to: '/analytics', search: to, replace: !resetScroll, resetScroll: false })
  const filters = { user: search.user, type: search.type }
  return (
    <div className={styles.page} aria-busy={dashboard.isPlaceholderData || undefined}>
      <PageHead
        title="Analytics"
        lead={
          <Lead
            dashboard={dashboard.data}
            isStale={dashboard.isPlaceholderData}
            isBroken={dashboard.isError}
          />
        }
        actions={<HeadActs query={query} />}
      />
      <RangePicker search={search} zone={query.tz} onChange={(range) => go({ ...filters, ...range }, true)} />
      <Today tz={query.tz} />
      {dashboard.error ? (
        <NumbersUnread
          error={dashboard.error}
          hasOld={dashboard.data !== undefined}
          onAgain={() => void dashboard.refetch()}
          onUtc={() => go({ ...search, tz: 'UTC' }, true)}
        />
      ) : null}
      {dashboard.data ? (
        <Numbers dashboard={dashboard.data} query={query} />
      ) : dashboard.error ? null : (
        <Loading />
      )}
      <FeedPanel
        search={search}
        range={query}
        onChange={(change) =>
          go({ days: search.days, from: search.from, to: search.to, tz: search.tz, ...change }, false)
        }
      />
      <BreakdownPanel range={query} />
      <ProcessingPanels range={query} />
      <CohortsPanel tz={query.tz} />
    </div>
  )
}

function HeadActs({ query }: { query: RangeQuery }) {
  return (
    <div className={`${styles.headActs} no-print`}>
      <Link to="/analytics/quality" className={buttonClass()}>
        <Gauge aria-hidden="true" />
        <span>Imaging quality</span>
      </Link>
      <a href={reportLink(query)} download className={buttonClass()}>
        <FileText aria-hidden="true" />
        <span>PDF report</span>
      </a>
    </div>
  )
}

interface LeadProps {
  dashboard: Dashboard | undefined
  isStale: boolean
  isBroken: boolean
}

/** Which days, on whose clock, and as of when. One line from the first moment on. */
function Lead({ dashboard, isStale, isBroken }: LeadProps) {
  const isLive = useStream((state) => state.isLive)
  if (!dashboard) {
    return <span className={styles.lead}>{isBroken ? 'No numbers yet' : 'Reading the numbers…'}</span>
  }
  const { range, computedAt } = dashboard
  return (
    <span className={`${styles.lead} tabular`}>
      <span>
        {rangeInWords(range)}, {range.tz.replaceAll('_', ' ')}
        {range.partial ? ', today is partial' : ''}
      </span>
      <span data-testid="updated">
        {isStale ? 'Reading…' : `Updated ${formatSecondsIn(computedAt, range.tz)}`}
        {isLive ? ', live' : ''}
      </span>
    </span>
  )
}

/** Live, from the stream; a line that keeps its place before the first word comes. */
function Today({ tz }: { tz: string }) {
  const totals = useStream((state) => state.totals)
  return (
    <p className={`${styles.today} tabular no-print`} data-testid="today" aria-label={`Today, ${tz}`}>
      {totals ? (
        <>
          <strong>Today so far:</strong> {formatCount(totals.activeToday)} active,{' '}
          {plural(totals.viewsToday, 'view')}, {plural(totals.uploadsToday, 'upload')}
        </>
      ) : (
        ' '
      )}
    </p>
  )
}

function Numbers({ dashboard, query }: { dashboard: Dashboard; query: RangeQuery }) {
  const { tables, range, summary } = dashboard
  const isEmpty = summary.images.value === 0 && summary.newUploads.value === 0
  return (
    <>
      <SummaryCards dashboard={dashboard} />
      {isEmpty ? (
        <p className={styles.firstStep}>
          No images yet. Numbers appear here with the <Link to="/">first upload in the gallery</Link>.
        </p>
      ) : null}
      <DashboardCharts dashboard={dashboard} query={query} />
      <div className={styles.charts}>
        <FileTypesTable rows={tables.fileTypes} csv={csvLink('images/statistics', {})} />
        <MostViewedPanel
          images={tables.mostViewed}
          tz={range.tz}
          csv={csvLink('dashboard', { ...query, panel: 'mostViewed' })}
        />
      </div>
    </>
  )
}

interface NumbersUnreadProps {
  error: Error
  hasOld: boolean
  onAgain: () => void
  onUtc: () => void
}

function NumbersUnread({ error, hasOld, onAgain, onUtc }: NumbersUnreadProps) {
  const isZone = error instanceof ApiProblem && error.code === 'invalid_time_zone'
  return (
    <>
      <Unread what="The numbers" error={error} hasOld={hasOld} onAgain={onAgain} />
      {isZone ? (
        <p>
          <Button onClick={onUtc}>Count in UTC instead</Button>
        </p>
      ) : null}
    </>
  )
}

/** In the sizes of what comes. */
function Loading() {
  return (
    <>
      <CardSkeletons />
      <div className={styles.charts}>
        {['uploads', 'activity', 'types', 'storage'].map((name) => (
          <Skeleton key={name} height="25rem" />
        ))}
      </div>
    </>
  )
}
