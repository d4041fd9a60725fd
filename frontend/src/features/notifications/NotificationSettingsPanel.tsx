import { type FormEvent, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { messageOf } from '@/shared/api/client'
import type { NotificationSettings } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { Panel } from '@/shared/ui/Panel'
import { Skeleton } from '@/shared/ui/Skeleton'
import { toast } from '@/shared/ui/Toasts'
import { saveSettings, settingsQuery } from './api'
import { DeliveriesTable } from './DeliveriesTable'
import styles from './NotificationSettingsPanel.module.css'
import { WantedSelect } from './WantedSelect'
import { SecretDialog, WebhookForm } from './WebhookForm'

/** What one hears beside the page: e-mail and webhook. The bell in the top bar needs no setting. */
export function NotificationSettingsPanel() {
  const { data: settings, error } = useQuery(settingsQuery)
  const [secret, setSecret] = useState<string | null>(null)
  return (
    <div id="notifications">
      <Panel title="Notifications">
        <p className={styles.quiet}>
          What becomes of your uploads always stands under the bell in the top bar. It can be sent to you as
          well: ids, states, reasons and links, never a patient or a file’s name.
        </p>
        {error ? <Notice kind="failed">{messageOf(error)}</Notice> : null}
        {settings ? (
          <>
            <div className={styles.columns}>
              <EmailForm key={settings.emailOn} settings={settings} />
              <WebhookForm
                key={`${settings.webhookUrl} ${settings.webhookOn}`}
                settings={settings}
                onSecret={setSecret}
              />
            </div>
            <DeliveriesTable />
          </>
        ) : error ? null : (
          <Skeleton height="14rem" />
        )}
      </Panel>
      {secret === null ? null : <SecretDialog secret={secret} onClose={() => setSecret(null)} />}
    </div>
  )
}

function EmailForm({ settings }: { settings: NotificationSettings }) {
  const [wanted, setWanted] = useState(settings.emailOn)
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const mayChoose = settings.emailAvailable || settings.emailOn !== 'never'
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setTrouble(null)
    try {
      await saveSettings({ emailOn: wanted })
      toast(wanted === 'never' ? 'No more e-mail is sent to you.' : `E-mail goes to ${settings.email}.`)
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className={styles.form} aria-label="E-mail" onSubmit={(event) => void submit(event)}>
      <h3>E-mail</h3>
      {settings.emailAvailable ? (
        <p className={styles.quiet}>To {settings.email}; what comes close together comes in one.</p>
      ) : (
        <p className={styles.quiet}>
          This installation has no mail server, so no e-mail can be sent. An administrator sets it up.
        </p>
      )}
      {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
      <WantedSelect label="Send e-mail" value={wanted} disabled={!mayChoose} onChange={setWanted} />
      <Button type="submit" isBusy={isBusy} disabled={wanted === settings.emailOn}>
        Save e-mail
      </Button>
    </form>
  )
}
