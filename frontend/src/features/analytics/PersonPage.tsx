import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { UserRoundX } from 'lucide-react'
import { ApiProblem } from '@/shared/api/client'
import { formatSecondsIn } from '@/shared/format/zoned'
import { buttonClass } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import styles from './AnalyticsPage.module.css'
import { rangeQueryOf } from '@/shared/range/rangeSearch'
import { userQuery } from './api'
import { PersonNumbers } from './PersonNumbers'
import { RangePicker } from '@/shared/range/RangePicker'
import { rangeInWords } from './series'
import { Unread } from '@/shared/ui/Unread'

/** One person's numbers, for administrators. */
export function PersonPage() {
  const { userId } = useParams({ from: '/frame/analytics/users/$userId' })
  // Another person begins afresh: nobody's numbers stand in for another's.
  return <Person key={userId} userId={userId} />
}

function Person({ userId }: { userId: string }) {
  const search = useSearch({ from: '/frame/analytics/users/$userId' })
  const navigate = useNavigate()
  const query = rangeQueryOf(search)
  const { data, error, isPlaceholderData, dataUpdatedAt, refetch } = useQuery(userQuery(userId, query))
  if (error instanceof ApiProblem && error.status === 404) return <NoSuchPerson />
  return (
    <div className={styles.page} aria-busy={isPlaceholderData || undefined}>
      <PageHead
        title={data ? data.user.name : 'Person'}
        tabTitle="Analytics of a person"
        lead={
          <span className={`${styles.lead} tabular`}>
            <span>
              <Link to="/analytics" search={search}>
                Analytics
              </Link>
              {data ? `, ${rangeInWords(data.range)}, ${data.range.tz.replaceAll('_', ' ')}` : ''}
            </span>
            {data && dataUpdatedAt > 0 ? (
              <span>Updated {formatSecondsIn(new Date(dataUpdatedAt).toISOString(), query.tz)}</span>
            ) : null}
          </span>
        }
      />
      <RangePicker
        search={search}
        zone={query.tz}
        onChange={(to) =>
          void navigate({
            to: '/analytics/users/$userId',
            params: { userId },
            search: to,
            resetScroll: false,
          })
        }
      />
      {error ? (
        <Unread what="The numbers" error={error} hasOld={data !== undefined} onAgain={() => void refetch()} />
      ) : null}
      {data ? <PersonNumbers analytics={data} query={query} /> : error ? null : <Skeleton height="44rem" />}
    </div>
  )
}

function NoSuchPerson() {
  return (
    <div className={styles.page}>
      <PageHead title="Analytics" />
      <EmptyState
        icon={<UserRoundX />}
        title="There is no such person, or you may not see their numbers"
        actions={
          <Link to="/account" className={buttonClass('primary')}>
            My own numbers
          </Link>
        }
      >
        Administrators see everybody’s; each person sees their own.
      </EmptyState>
    </div>
  )
}
