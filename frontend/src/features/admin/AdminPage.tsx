import { Link } from '@tanstack/react-router'
import { BookOpen, ChartLine, ChevronRight, HeartPulse, ListChecks, Users } from 'lucide-react'
import page from '@/shared/ui/Page.module.css'
import { PageHead } from '@/shared/ui/PageHead'
import styles from './AdminPage.module.css'

export function AdminPage() {
  return (
    <div className={page.page}>
      <PageHead title="Administration" />
      <ul className={styles.cards}>
        <li>
          <Link to="/analytics" className={styles.card}>
            <ChartLine aria-hidden="true" />
            <span>
              <strong>Analytics</strong>
              <small>Uploads, views, people, storage</small>
            </span>
            <ChevronRight aria-hidden="true" />
          </Link>
        </li>
        <li>
          <Link to="/admin/users" className={styles.card}>
            <Users aria-hidden="true" />
            <span>
              <strong>Users</strong>
              <small>Approve, change roles, switch off</small>
            </span>
            <ChevronRight aria-hidden="true" />
          </Link>
        </li>
        <li>
          <Link to="/admin/jobs" className={styles.card}>
            <ListChecks aria-hidden="true" />
            <span>
              <strong>Jobs</strong>
              <small>Queues, workers, and what failed</small>
            </span>
            <ChevronRight aria-hidden="true" />
          </Link>
        </li>
        <li>
          <Link to="/admin/health" className={styles.card}>
            <HeartPulse aria-hidden="true" />
            <span>
              <strong>Health</strong>
              <small>Database, Redis and storage</small>
            </span>
            <ChevronRight aria-hidden="true" />
          </Link>
        </li>
        <li>
          <a href="/api/docs" className={styles.card}>
            <BookOpen aria-hidden="true" />
            <span>
              <strong>API</strong>
              <small>Every operation, described</small>
            </span>
            <ChevronRight aria-hidden="true" />
          </a>
        </li>
      </ul>
    </div>
  )
}
