import { AccountPage } from '@/features/accounts/AccountPage'
import { NotificationSettingsPanel } from '@/features/notifications/NotificationSettingsPanel'

export function AccountRoute() {
  return (
    <AccountPage>
      <NotificationSettingsPanel />
    </AccountPage>
  )
}
