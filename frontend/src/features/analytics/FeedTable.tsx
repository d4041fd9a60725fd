import { Link } from '@tanstack/react-router'
import { UserRoundSearch } from 'lucide-react'
import { formatDateTimeIn } from '@/shared/format/zoned'
import { IconButton } from '@/shared/ui/Button'
import table from '@/shared/ui/Table.module.css'
import styles from './AnalyticsPage.module.css'
import type { Activity } from './types'
import { typeInWords } from './words'

interface FeedTableProps {
  activities: Activity[]
  tz: string
  /** Without it names are no links, as on one's own page. */
  onOnly?: (userId: number) => void
  isPersonHidden?: boolean
  label: string
  /** It grows at its top while one reads: the box keeps its height. */
  isLive?: boolean
}

/** Who did what, newest first. */
export function FeedTable({ activities, tz, onOnly, isPersonHidden, label, isLive }: FeedTableProps) {
  return (
    <div
      className={`${table.wrap} ${isLive ? styles.feed : ''}`}
      tabIndex={0}
      role="region"
      aria-label={`${label}, table`}
    >
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {isPersonHidden ? null : <th scope="col">Person</th>}
            <th scope="col">Activity</th>
            <th scope="col">What</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {activities.map((activity) => (
            <tr key={activity.id} data-testid="activity-row">
              <td>
                <time dateTime={activity.createdAt}>{formatDateTimeIn(activity.createdAt, tz)}</time>
              </td>
              {isPersonHidden ? null : (
                <td className={styles.person}>
                  <Person activity={activity} onOnly={onOnly} />
                </td>
              )}
              <td>{typeInWords(activity.type)}</td>
              <td className={table.clip}>
                <Thing activity={activity} />
              </td>
              <td className={table.clip}>
                {[activity.userAgent, activity.network].filter(Boolean).join(', ') || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Person({ activity, onOnly }: { activity: Activity; onOnly?: (userId: number) => void }) {
  const { userId, userName, userEmail } = activity
  if (userId === null) return 'Nobody signed in'
  const name = userName ?? `User ${userId} (gone)`
  return (
    <span className={styles.personLine}>
      <Link to="/analytics/users/$userId" params={{ userId: String(userId) }} title={userEmail ?? undefined}>
        {name}
      </Link>
      {onOnly ? (
        <IconButton label={`Only ${name}`} className="no-print" onClick={() => onOnly(userId)}>
          <UserRoundSearch />
        </IconButton>
      ) : null}
    </span>
  )
}

function Thing({ activity }: { activity: Activity }) {
  const { type, resourceType, resourceId } = activity
  if (resourceType === null || resourceId === null) return '–'
  // A sign-in is about the account itself; a deleted image has no page any more.
  if (resourceType === 'user') return type === 'login' ? '–' : `User ${resourceId}`
  if (resourceType !== 'image') return `${typeInWords(resourceType)} ${resourceId}`
  if (type === 'delete') return `Image ${resourceId}`
  return (
    <Link to="/images/$imageId" params={{ imageId: String(resourceId) }}>
      Image {resourceId}
    </Link>
  )
}
