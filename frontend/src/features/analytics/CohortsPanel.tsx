import { useQuery } from '@tanstack/react-query'
import { formatCount } from '@/shared/format/numbers'
import { formatDay } from '@/shared/format/zoned'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import table from '@/shared/ui/Table.module.css'
import styles from './AnalyticsPage.module.css'
import { COHORT_WEEKS, cohortsQuery, csvLink } from './api'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import type { CohortWeek } from './types'
import { Unread } from '@/shared/ui/Unread'

/** Of the people who registered in a week: how many did something that many weeks later. */
export function CohortsPanel({ tz }: { tz: string }) {
  const { data, error, refetch } = useQuery(cohortsQuery(tz))
  const weeks = sinceTheFirst(data?.weeks ?? [])
  return (
    <Panel
      title="Who comes back"
      actions={
        <PanelActs>
          <CsvLink href={csvLink('cohorts', { weeks: COHORT_WEEKS, tz })} what="Who comes back" />
        </PanelActs>
      }
    >
      {error ? (
        <Unread what="This part" error={error} hasOld={data !== undefined} onAgain={() => void refetch()} />
      ) : null}
      {data === undefined && !error ? <Skeleton height="28rem" /> : null}
      {data && weeks.length === 0 ? (
        <p className={styles.empty}>Nobody registered in the last {COHORT_WEEKS} weeks.</p>
      ) : null}
      {weeks.length > 0 ? <Grid weeks={weeks} /> : null}
      <p className={styles.quiet}>
        Weeks of registration from Monday to Sunday; the last {COHORT_WEEKS} weeks, whatever days are chosen.
      </p>
    </Panel>
  )
}

/** Weeks before anybody registered say nothing. */
export function sinceTheFirst(weeks: CohortWeek[]): CohortWeek[] {
  const first = weeks.findIndex(({ users }) => users > 0)
  return first < 0 ? [] : weeks.slice(first)
}

function Grid({ weeks }: { weeks: CohortWeek[] }) {
  // Of the oldest; later weeks of all others are still to come.
  const columns = Math.max(
    1,
    ...weeks.map(({ active }) => active.findLastIndex((people) => people !== null) + 1),
  )
  return (
    <div className={table.wrap} tabIndex={0} role="region" aria-label="Who comes back, table">
      <table className={`${table.table} ${styles.cohorts}`}>
        <thead>
          <tr>
            <th scope="col">Registered in</th>
            <th scope="col" className={table.number}>
              People
            </th>
            {Array.from({ length: columns }, (_, later) => (
              <th key={later} scope="col" className={table.number}>
                {later === 0 ? 'Same week' : `+${later} wk`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map(({ week, startsOn, users, active }) => (
            <tr key={week}>
              <th scope="row" title={`From ${formatDay(startsOn)}`}>
                {week.replace('-W', ', week ')}
              </th>
              <td className={table.number}>{formatCount(users)}</td>
              {Array.from({ length: columns }, (_, later) => (
                <Share key={later} active={active[later] ?? null} users={users} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The stronger, the more came back; the number says it too. Weeks to come are empty, not 0. */
function Share({ active, users }: { active: number | null; users: number }) {
  if (active === null) return <td aria-label="not yet" />
  if (users === 0) return <td className={table.number}>–</td>
  const share = active / users
  return (
    <td
      className={`${table.number} ${styles.share}`}
      style={{
        backgroundColor: `color-mix(in srgb, var(--series-users) ${Math.round(share * 45)}%, var(--panel))`,
      }}
      title={`${formatCount(active)} of ${formatCount(users)}`}
    >
      {formatCount(active)} <span className={styles.shareOf}>{Math.round(share * 100)} %</span>
    </td>
  )
}
