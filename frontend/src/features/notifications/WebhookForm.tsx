import { type FormEvent, useState } from 'react'
import { messageOf } from '@/shared/api/client'
import { queryClient } from '@/shared/api/queries'
import type { NotificationSettings, NotificationSettingsChange, WebhookTested } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { CopySecret } from '@/shared/ui/CopySecret'
import { ConfirmDialog, Dialog, DialogActions } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { toast } from '@/shared/ui/Toasts'
import { deliveriesQuery, renewSecret, saveSettings, testWebhook } from './api'
import styles from './NotificationSettingsPanel.module.css'
import { WantedSelect } from './WantedSelect'

interface WebhookFormProps {
  settings: NotificationSettings
  /** A secret that was just made, to be shown once. */
  onSecret: (secret: string) => void
}

/** Where this server calls for the user, each call signed by a secret of theirs. */
export function WebhookForm({ settings, onSecret }: WebhookFormProps) {
  const [url, setUrl] = useState(settings.webhookUrl ?? '')
  const [wanted, setWanted] = useState(settings.webhookOn)
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const isNew = url.trim() !== (settings.webhookUrl ?? '')
  const isChanged = isNew || wanted !== settings.webhookOn

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const change: NotificationSettingsChange = { webhookOn: wanted }
    if (isNew) change.webhookUrl = url.trim()
    setBusy(true)
    setTrouble(null)
    try {
      const { webhookSecret } = await saveSettings(change)
      if (webhookSecret) onSecret(webhookSecret)
      else toast('The webhook is saved.')
    } catch (error) {
      setTrouble(messageOf(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className={styles.form} aria-label="Webhook" onSubmit={(event) => void submit(event)}>
      <h3>Webhook</h3>
      <p className={styles.quiet}>
        This server posts JSON to your address, signed with a secret that you get once.
      </p>
      {trouble ? <Notice kind="failed">{trouble}</Notice> : null}
      <Field
        label="Address"
        type="url"
        required
        autoComplete="off"
        spellCheck={false}
        placeholder="https://"
        value={url}
        hint={
          settings.webhookPrivate
            ? 'Addresses inside your network are allowed here.'
            : 'https, on the public internet. A new address gets a new secret.'
        }
        onChange={(event) => setUrl(event.target.value)}
      />
      <WantedSelect label="Call it" value={wanted} onChange={setWanted} />
      <div className={styles.acts}>
        <Button type="submit" isBusy={isBusy} disabled={!isChanged}>
          Save webhook
        </Button>
        {settings.webhookUrl === null ? null : <WebhookActs isSaved={!isChanged} onSecret={onSecret} />}
      </div>
    </form>
  )
}

/** For an address that is saved: try it, give it another secret, or take it away. */
function WebhookActs({ isSaved, onSecret }: { isSaved: boolean; onSecret: (secret: string) => void }) {
  const [isTesting, setTesting] = useState(false)
  const [tested, setTested] = useState<WebhookTested | null>(null)
  const [asking, setAsking] = useState<'secret' | 'remove' | null>(null)
  async function test(): Promise<void> {
    setTesting(true)
    setTested(null)
    try {
      setTested(await testWebhook())
    } catch (error) {
      setTested({ delivered: false, status: null, detail: messageOf(error) })
    } finally {
      setTesting(false)
      void queryClient.invalidateQueries({ queryKey: deliveriesQuery.queryKey })
    }
  }
  return (
    <>
      <Button isBusy={isTesting} disabled={!isSaved} onClick={() => void test()}>
        Test
      </Button>
      <Button kind="quiet" onClick={() => setAsking('secret')}>
        New secret
      </Button>
      <Button kind="quiet" onClick={() => setAsking('remove')}>
        Remove
      </Button>
      {tested ? (
        <div className={styles.tested}>
          <Notice kind={tested.delivered ? 'ready' : 'failed'}>{tested.detail}</Notice>
        </div>
      ) : null}
      <ConfirmDialog
        isOpen={asking === 'secret'}
        onClose={() => setAsking(null)}
        title="Make a new secret?"
        confirmLabel="Make a new secret"
        onConfirm={async () => {
          const { webhookSecret } = await renewSecret()
          if (webhookSecret) onSecret(webhookSecret)
        }}
      >
        Calls are signed with the new secret at once; a receiver that checks the old one refuses them until it
        knows the new one.
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={asking === 'remove'}
        onClose={() => setAsking(null)}
        title="Remove the webhook?"
        confirmLabel="Remove"
        onConfirm={async () => {
          await saveSettings({ webhookUrl: null })
          toast('The webhook is removed; it is not called any more.')
        }}
      >
        Address and secret are forgotten. What has not been delivered yet is not sent any more.
      </ConfirmDialog>
    </>
  )
}

export function SecretDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog isOpen onClose={onClose} title="The webhook’s secret">
      <Notice kind="working">
        Copy it now: it is shown only once. With it your receiver checks that a call is ours.
      </Notice>
      <CopySecret secret={secret} testId="webhook-secret" />
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  )
}
