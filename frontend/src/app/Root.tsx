import { useEffect } from 'react'
import { Outlet, useRouter, useRouterState } from '@tanstack/react-router'
import { CloudOff } from 'lucide-react'
import { SessionGuard } from '@/app/SessionGuard'
import { UploadTray } from '@/features/upload/UploadTray'
import { useConnection } from '@/shared/api/connection'
import { queryClient } from '@/shared/api/queries'
import { useKeyboard } from '@/shared/keys/commands'
import { Toasts } from '@/shared/ui/Toasts'
import styles from './Root.module.css'

/** What outlives every change of page: the upload tray, messages, and the watch over line and session. */
export function Root() {
  useKeyboard()
  return (
    <>
      <ConnectionBanner />
      <SessionGuard />
      <Outlet />
      <UploadTray />
      <Toasts />
      <RouteAnnouncer />
    </>
  )
}

function ConnectionBanner() {
  const isLost = useConnection((state) => state.isLost)
  const returns = useConnection((state) => state.returns)
  const router = useRouter()
  useEffect(() => {
    if (returns === 0) return
    void queryClient.invalidateQueries()
    void router.invalidate()
  }, [returns, router])
  return (
    <div role="status" aria-live="polite">
      {isLost ? (
        <div className={styles.banner}>
          <CloudOff aria-hidden="true" />
          Connection lost. Nothing is lost; the page goes on by itself when the server answers again.
        </div>
      ) : null}
    </div>
  )
}

/** Long moves between pages are announced, short ones show themselves. */
function RouteAnnouncer() {
  const isLoading = useRouterState({ select: (state) => state.isLoading })
  return <div className={isLoading ? styles.busy : styles.idle} aria-hidden="true" />
}
