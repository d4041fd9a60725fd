import type { ReactNode } from 'react'
import { useQuery } from '@tanstack/react-query'
import { meQuery } from '@/shared/api/queries'
import { formatDateTime } from '@/shared/format/dates'
import page from '@/shared/ui/Page.module.css'
import { PageHead } from '@/shared/ui/PageHead'
import { Facts, Panel } from '@/shared/ui/Panel'
import styles from './AccountPage.module.css'
import { PasswordPanel } from './PasswordPanel'
import { SessionsPanel } from './SessionsPanel'
import { TokensPanel } from './TokensPanel'

const ROLES: Record<string, string> = {
  admin: 'Administrator: everything',
  radiologist: 'Radiologist: sees every image',
  technologist: 'Technologist: uploads, sees and corrects every image',
  user: 'User: uploads, sees own uploads',
}

/** `children` are the panels of other features; the app puts them here. */
export function AccountPage({ children }: { children?: ReactNode }) {
  const { data: me } = useQuery(meQuery)
  return (
    <div className={page.page}>
      <PageHead title="Account" />
      <div className={styles.columns}>
        <Panel title="Profile">
          {me ? (
            <Facts
              facts={[
                ['Name', me.user.name],
                ['E-mail', me.user.email],
                ['Role', ROLES[me.user.role] ?? me.user.role],
                ['Member since', formatDateTime(me.user.createdAt)],
                ['Last sign-in', formatDateTime(me.user.lastLoginAt)],
              ]}
            />
          ) : null}
        </Panel>
        <PasswordPanel email={me?.user.email ?? ''} />
      </div>
      {children}
      <SessionsPanel />
      <TokensPanel isAdmin={me?.capabilities.administer ?? false} />
    </div>
  )
}
