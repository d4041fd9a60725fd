import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { meQuery } from '@/shared/api/queries'
import { ChoiceChips } from '@/shared/ui/Chips'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import styles from './AnalyticsPage.module.css'
import { PRESETS, preferredZone, type RangeQuery, USUAL_DAYS } from '@/shared/range/rangeSearch'
import { userQuery } from './api'
import { PersonNumbers } from './PersonNumbers'
import { rangeInWords } from './series'
import { Unread } from '@/shared/ui/Unread'

const OPTIONS = PRESETS.map((days) => ({ value: days as string, label: `${days} days` }))

/** One's own numbers, on the page of one's account. */
export function OwnPanel() {
  const { data: me } = useQuery(meQuery)
  const [days, setDays] = useState<string>(USUAL_DAYS)
  const query: RangeQuery = { days, tz: preferredZone() }
  const { data, error, refetch } = useQuery({
    ...userQuery(String(me?.user.id), query),
    enabled: me !== undefined && me !== null,
  })
  return (
    <Panel
      title="My numbers"
      actions={
        <ChoiceChips
          label="Days"
          options={OPTIONS}
          value={days}
          onChange={(value) => (value === undefined ? undefined : setDays(value))}
        />
      }
    >
      <p className={`${styles.quiet} tabular`}>
        {data ? `${rangeInWords(data.range)}, ${data.range.tz.replaceAll('_', ' ')}` : 'Reading the numbers…'}
      </p>
      {error ? (
        <Unread
          what="Your numbers"
          error={error}
          hasOld={data !== undefined}
          onAgain={() => void refetch()}
        />
      ) : null}
      {data ? (
        <PersonNumbers analytics={data} query={query} isOwn />
      ) : error ? null : (
        <Skeleton height="50rem" />
      )}
    </Panel>
  )
}
