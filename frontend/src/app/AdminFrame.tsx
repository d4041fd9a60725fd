import { Link, Outlet } from '@tanstack/react-router'
import styles from './AdminFrame.module.css'

const PLACES = [
  { to: '/admin', label: 'Overview' },
  { to: '/admin/users', label: 'Users' },
  { to: '/admin/jobs', label: 'Jobs' },
  { to: '/admin/health', label: 'Health' },
] as const

/** The places of the administration, above each of them. */
export function AdminFrame() {
  return (
    <>
      <nav className={styles.places} aria-label="Administration">
        {PLACES.map(({ to, label }) => (
          <Link
            key={to}
            to={to}
            className={styles.place}
            activeOptions={{ exact: true, includeSearch: false }}
            activeProps={{ 'aria-current': 'page' }}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  )
}
