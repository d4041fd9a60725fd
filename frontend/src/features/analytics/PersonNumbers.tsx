import { formatCount, formatMegabytes, megabytes } from '@/shared/format/numbers'
import { formatDuration } from '@/shared/format/numbers'
import { formatDateTimeIn } from '@/shared/format/zoned'
import { Facts, Panel } from '@/shared/ui/Panel'
import type { RangeQuery } from '@/shared/range/rangeSearch'
import styles from './AnalyticsPage.module.css'
import { csvLink } from './api'
import cards from './Cards.module.css'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import { PersonChart } from './DashboardCharts'
import { FeedTable } from './FeedTable'
import { MostViewedPanel } from './MostViewedPanel'
import { partialInWords } from './series'
import { ChangeLine } from './SummaryCards'
import type { UserAnalytics, Value } from './types'
import { changeOf, countOrDash } from './words'

interface PersonNumbersProps {
  analytics: UserAnalytics
  query: RangeQuery
  /** The facts about the account stand elsewhere on one's own page. */
  isOwn?: boolean
}

/** One person: what they did in these days, what they looked at, and the last of it. */
export function PersonNumbers({ analytics, query, isOwn }: PersonNumbersProps) {
  const { user, range, activity, mostViewed, recent } = analytics
  const csv = (panel: string) => csvLink(`user/${user.id}`, { ...query, panel })
  return (
    <>
      <PersonCards analytics={analytics} csv={csv('summary')} />
      <div className={styles.charts}>
        <PersonChart
          activity={activity}
          tz={range.tz}
          csv={csv('activity')}
          note={range.partial ? partialInWords(range) : undefined}
        />
        <MostViewedPanel images={mostViewed} tz={range.tz} csv={csv('mostViewed')} />
      </div>
      <Panel
        title="Last activities"
        actions={
          <PanelActs>
            <CsvLink href={csv('recent')} what="Last activities" />
          </PanelActs>
        }
      >
        {recent.length === 0 ? (
          <p className={styles.empty}>Nothing yet.</p>
        ) : (
          <FeedTable label="Last activities" activities={recent} tz={range.tz} isPersonHidden />
        )}
      </Panel>
      {isOwn ? null : (
        <Panel title="Account">
          <Facts
            facts={[
              ['E-mail', user.email],
              ['Role', user.role],
              ['Member since', formatDateTimeIn(user.createdAt, range.tz)],
              [
                'Last active',
                user.lastActivityAt ? formatDateTimeIn(user.lastActivityAt, range.tz) : 'never',
              ],
              ['Images owned', formatCount(analytics.summary.imagesOwned)],
              ['Storage', formatMegabytes(analytics.summary.storageBytes)],
            ]}
          />
        </Panel>
      )}
    </>
  )
}

function PersonCards({ analytics, csv }: { analytics: UserAnalytics; csv: string }) {
  const { summary, range } = analytics
  return (
    <div className={styles.personCards}>
      <Number title="Uploads" unit="images" value={summary.uploads} range={range} />
      <Number title="Views" unit="views" value={summary.views} range={range} />
      <Number title="Downloads" unit="downloads" value={summary.downloads} range={range} />
      <Number
        title="Looking at images"
        unit=""
        value={summary.viewSeconds}
        range={range}
        format={formatDuration}
      />
      <section className={cards.card} aria-label="Own images">
        <h3 className={cards.title}>Own images</h3>
        <p className={cards.figure}>
          <output>{formatCount(summary.imagesOwned)}</output> <span className={cards.unit}>images</span>
        </p>
        <p className={cards.change}>{megabytes(summary.storageBytes)} MB of originals</p>
        <div className={styles.cornerCsv}>
          <CsvLink href={csv} what="These numbers" />
        </div>
      </section>
    </div>
  )
}

interface NumberProps {
  title: string
  unit: string
  value: Value
  range: UserAnalytics['range']
  format?: (value: number) => string
}

function Number({ title, unit, value, range, format }: NumberProps) {
  const shown = format && value.value !== null ? format(value.value) : countOrDash(value.value)
  return (
    <section className={cards.card} aria-label={title}>
      <h3 className={cards.title}>{title}</h3>
      <p className={cards.figure}>
        <output>{shown}</output> <span className={cards.unit}>{unit}</span>
      </p>
      <ChangeLine change={changeOf(value, { range, kind: 'flow', format })} />
    </section>
  )
}
