import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { CloudOff, Compass, Unplug } from 'lucide-react'
import { messageOf, NoConnection } from '@/shared/api/client'
import { Button, buttonClass } from '@/shared/ui/Button'
import { PageHead } from '@/shared/ui/PageHead'
import styles from './Fallbacks.module.css'

export function PageLoading() {
  return <div className={styles.loading} role="status" aria-label="Loading" />
}

export function NotFoundPage() {
  return (
    <main className={styles.page}>
      <Compass aria-hidden="true" />
      <PageHead title="There is no such page" />
      <p>The address may be mistyped, or the page has moved. Nothing was lost.</p>
      <Link to="/" className={buttonClass('primary')}>
        Go to the gallery
      </Link>
    </main>
  )
}

/** The last net: a fault of this page, or a server that was away while the page was being opened. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const isAway = error instanceof NoConnection
  function again(): void {
    reset()
    void router.invalidate()
  }
  return (
    <main className={styles.page}>
      {isAway ? <CloudOff aria-hidden="true" /> : <Unplug aria-hidden="true" />}
      <PageHead title={isAway ? 'The server does not answer' : 'This page could not be shown'} />
      <p>
        {isAway
          ? 'Nothing was lost. Check that Mammogram Viewer is running, then try again.'
          : `${messageOf(error)} Nothing was lost. Try again; if it happens again, tell your administrator.`}
      </p>
      <div className={styles.actions}>
        <Button kind="primary" onClick={again}>
          Try again
        </Button>
        <Link to="/" className={buttonClass()}>
          Go to the gallery
        </Link>
      </div>
    </main>
  )
}
