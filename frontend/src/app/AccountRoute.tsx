import { lazy, Suspense } from 'react'
import { AccountPage } from '@/features/accounts/AccountPage'
import { Skeleton } from '@/shared/ui/Skeleton'
import { NotificationSettingsPanel } from '@/features/notifications/NotificationSettingsPanel'

// Charts are heavy; the rest of the page does not wait for them.
const OwnPanel = lazy(() =>
  import('@/features/analytics/OwnPanel').then(({ OwnPanel }) => ({ default: OwnPanel })),
)

export function AccountRoute() {
  return (
    <AccountPage>
      <Suspense fallback={<Skeleton height="58rem" />}>
        <OwnPanel />
      </Suspense>
      <NotificationSettingsPanel />
    </AccountPage>
  )
}
