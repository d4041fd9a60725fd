import { useEffect, useRef } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { SearchX, Upload } from 'lucide-react'
import { calmly } from '@/shared/api/calmly'
import { messageOf } from '@/shared/api/client'
import { onImages } from '@/shared/api/imageEvents'
import { onLive, useLive } from '@/shared/api/live'
import { meQuery, reread } from '@/shared/api/queries'
import type { ImageStatus } from '@/shared/api/types'
import { runCommand } from '@/shared/keys/commands'
import { useRowKeys } from '@/shared/keys/rowKeys'
import { Button } from '@/shared/ui/Button'
import { ChoiceChips } from '@/shared/ui/Chips'
import { EmptyState } from '@/shared/ui/EmptyState'
import { KeysetPager } from '@/shared/ui/KeysetPager'
import { Notice } from '@/shared/ui/Notice'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import { SentRow } from './SentRow'
import { type SentSearch, sentPageQuery } from './sentImages'
import styles from './UploadsPage.module.css'

const CALM_MILLISECONDS = 1000

const STATUSES: readonly { value: ImageStatus; label: string }[] = [
  { value: 'pending', label: 'Queued' },
  { value: 'processing', label: 'Converting' },
  { value: 'ready', label: 'Ready' },
  { value: 'rejected', label: 'Rejected' },
  { value: 'failed', label: 'Failed' },
]

/** What one has sent oneself, from the upload to its end; the tray forgets when the page closes, this does not. */
export function UploadsPage() {
  const search = useSearch({ from: '/frame/uploads' })
  const navigate = useNavigate()
  const body = useRef<HTMLUListElement>(null)
  const isLive = useLive((state) => state.isLive)
  const { data: page, error, refetch } = useQuery(sentPageQuery(search, isLive))
  useRereadOnEvents()
  useRowKeys(body, 'Uploads')
  const go = (next: SentSearch, replace = false) =>
    void navigate({ to: '/uploads', search: next, replace, resetScroll: false })
  return (
    <div className={styles.page}>
      <PageHead
        title="My uploads"
        lead="What you have sent, where it stands, and why something did not work."
      />
      <ChoiceChips
        label="State"
        options={STATUSES}
        value={search.status}
        onChange={(status) => go({ status }, true)}
      />
      {error ? (
        <Notice
          kind="failed"
          title="The list could not be read"
          action={<Button onClick={() => void refetch()}>Try again</Button>}
        >
          {messageOf(error)}
        </Notice>
      ) : null}
      {page === undefined && !error ? <Skeleton height="24rem" /> : null}
      {page?.uploads.length === 0 ? <NoUploads search={search} onClear={() => go({}, true)} /> : null}
      {page && page.uploads.length > 0 ? (
        <ul ref={body} className={styles.list} aria-label="My uploads">
          {page.uploads.map((sent) => (
            <SentRow key={sent.image.id} sent={sent} />
          ))}
        </ul>
      ) : null}
      {page ? (
        <KeysetPager
          group="Uploads"
          page={page}
          isFirst={search.cursor === undefined}
          onGo={(place) => go({ status: search.status, ...place })}
        />
      ) : null}
    </div>
  )
}

/** The event stream, the upload tray and other pages tell what has changed. */
function useRereadOnEvents(): void {
  useEffect(() => {
    const rereadList = calmly(() => void reread(['sent-images']), CALM_MILLISECONDS)
    const ends = [
      onImages((event) => (event.kind === 'forget' ? undefined : rereadList.ask())),
      onLive('job', rereadList.ask),
      onLive('snapshot', rereadList.ask),
    ]
    return () => {
      rereadList.stop()
      for (const end of ends) end()
    }
  }, [])
}

function NoUploads({ search, onClear }: { search: SentSearch; onClear: () => void }) {
  const { data: me } = useQuery(meQuery)
  if (search.status !== undefined || search.cursor !== undefined) {
    return (
      <EmptyState
        icon={<SearchX />}
        title="None of your uploads fits"
        actions={<Button onClick={onClear}>Show all</Button>}
      >
        Take the filter away to see all that you have sent.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={<Upload />}
      title="You have not uploaded anything yet"
      actions={
        me?.capabilities.upload ? (
          <>
            <Button kind="primary" onClick={() => runCommand('upload')}>
              Choose files
            </Button>
            <Button onClick={() => runCommand('upload-folder')}>Choose a folder</Button>
          </>
        ) : null
      }
    >
      Each file that you send stands here with its state, until it is ready or says why it cannot be shown.
    </EmptyState>
  )
}
