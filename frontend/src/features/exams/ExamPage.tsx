import { useEffect, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { CloudOff, Combine, Download, Eye, SearchX } from 'lucide-react'
import { downloadZip } from '@/shared/acts/downloadZip'
import { calmly } from '@/shared/api/calmly'
import { ApiProblem, messageOf } from '@/shared/api/client'
import { onImages } from '@/shared/api/imageEvents'
import { onLive } from '@/shared/api/live'
import { meQuery, queryClient, reread } from '@/shared/api/queries'
import type { StudyDetail } from '@/shared/api/studies'
import { formatCount, plural } from '@/shared/format/numbers'
import { useCommands } from '@/shared/keys/commands'
import { Button, buttonClass } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Notice } from '@/shared/ui/Notice'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import { toast } from '@/shared/ui/Toasts'
import { studyQuery } from './api'
import { ExamFacts } from './ExamFacts'
import styles from './ExamPage.module.css'
import { GroupDialog } from './GroupDialog'
import { Hanging, HangingSkeleton, Strip } from './Hanging'
import { ImagesTable } from './ImagesTable'
import { Members } from './Members'
import { examTitle, imagesBeside } from './study'
import { type Grouping, useGrouping } from './useGrouping'

const CALM_MILLISECONDS = 700

export function ExamPage() {
  const { studyId } = useParams({ from: '/frame/studies/$studyId' })
  const { data: study, error, refetch } = useQuery(studyQuery(studyId))
  useRereadOnEvents(studyId)
  useOwnAddress(studyId, study)
  if (error && isMissing(error)) return <NoExam />
  if (study) return <LoadedExam key={study.id} study={study} trouble={error} />
  if (error) return <UnreadExam error={error} onAgain={() => void refetch()} />
  return <ExamSkeleton />
}

/** The address of a study that was grouped into another exam leads there. */
function useOwnAddress(studyId: string, study: StudyDetail | undefined): void {
  const navigate = useNavigate()
  const headId = study && String(study.id) !== studyId ? study.id : null
  useEffect(() => {
    if (headId === null || !study) return
    queryClient.setQueryData(['study', String(headId)], study)
    void navigate({
      to: '/studies/$studyId',
      params: { studyId: String(headId) },
      replace: true,
      resetScroll: false,
    })
  }, [headId, study, navigate])
}

/** What happens to images may bring one into this exam, or take one out of it. */
function useRereadOnEvents(studyId: string): void {
  useEffect(() => {
    const rereadStudy = calmly(() => void reread(['study', studyId]), CALM_MILLISECONDS)
    const ends = [
      onImages((event) => (event.kind === 'forget' ? undefined : rereadStudy.ask())),
      onLive('job', () => rereadStudy.ask()),
    ]
    return () => {
      rereadStudy.stop()
      for (const end of ends) end()
    }
  }, [studyId])
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && [400, 404, 422].includes(error.status)
}

function ExamSkeleton() {
  return (
    <div className={styles.page} role="status" aria-label="Loading the exam">
      <PageHead title="Exam" />
      <div className={styles.columns}>
        <HangingSkeleton />
        <Skeleton height="20rem" />
      </div>
    </div>
  )
}

function NoExam() {
  return (
    <div className={styles.page}>
      <PageHead title="Exam" />
      <EmptyState
        icon={<SearchX />}
        title="This exam does not exist or you may not see it"
        actions={
          <Link to="/" resetScroll={false} className={buttonClass('primary')}>
            Back to the gallery
          </Link>
        }
      >
        Its images may have been deleted, or they belong to somebody else.
      </EmptyState>
    </div>
  )
}

function UnreadExam({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  return (
    <div className={styles.page}>
      <PageHead title="Exam" />
      <EmptyState
        icon={<CloudOff />}
        title="The exam could not be read"
        actions={
          <Button kind="primary" onClick={onAgain}>
            Try again
          </Button>
        }
      >
        {messageOf(error)}
      </EmptyState>
    </div>
  )
}

function LoadedExam({ study, trouble }: { study: StudyDetail; trouble: unknown }) {
  const { data: me } = useQuery(meQuery)
  const grouping = useGrouping(study.id)
  const [isGrouping, setGrouping] = useState(false)
  const mayGroup = me?.user.role === 'admin' || me?.user.role === 'technologist'
  const beside = imagesBeside(study)
  return (
    <div className={styles.page}>
      <PageHead
        title={examTitle(study)}
        tabTitle={`Exam ${study.id}`}
        lead={study.studyDescription}
        actions={
          <>
            <ReadLink studyId={study.id} />
            {mayGroup ? (
              <Button
                icon={<Combine />}
                aria-label="Group with another exam"
                title="Group with another exam"
                onClick={() => setGrouping(true)}
              >
                Group with…
              </Button>
            ) : null}
            <DownloadExam study={study} />
          </>
        }
      />
      {trouble ? <Notice kind="failed">{messageOf(trouble)}</Notice> : null}
      {mayGroup && study.suggestion ? <SuggestionNotice study={study} grouping={grouping} /> : null}
      <div className={styles.columns}>
        <Hanging study={study} />
        <div className={styles.side}>
          <ExamFacts study={study} />
          {study.members.length > 1 ? (
            <Members
              members={study.members}
              studyId={study.id}
              isBusy={grouping.isBusy}
              onTakeOut={mayGroup ? (id) => void grouping.takeOut(id) : null}
            />
          ) : null}
        </div>
      </div>
      {beside.length > 0 ? (
        <section className={styles.section}>
          <h2>Further images</h2>
          <Strip images={beside} studyId={study.id} />
        </section>
      ) : null}
      <section className={styles.section}>
        <h2>All images</h2>
        <ImagesTable images={study.images} studyId={study.id} mayRetry={me?.capabilities.correct ?? false} />
        {study.images.length < study.imageCount ? <MoreInGallery study={study} /> : null}
      </section>
      {isGrouping ? (
        <GroupDialog
          study={study}
          isBusy={grouping.isBusy}
          onGroup={grouping.group}
          onClose={() => setGrouping(false)}
        />
      ) : null}
    </div>
  )
}

/** Opens the viewer; `v` as well. */
function ReadLink({ studyId }: { studyId: number }) {
  const navigate = useNavigate()
  const params = { studyId: String(studyId) }
  // The list that one comes from, which is gone through in the viewer.
  const search = useSearch({ from: '/frame/studies/$studyId' })
  useCommands([
    {
      id: 'exam-read',
      group: 'Exam',
      title: 'Read it in the viewer',
      keys: ['v'],
      run: () => void navigate({ to: '/studies/$studyId/read', params, search }),
    },
  ])
  return (
    <Link to="/studies/$studyId/read" params={params} search={search} className={buttonClass('primary')}>
      <Eye aria-hidden="true" />
      <span>Read</span>
    </Link>
  )
}

function SuggestionNotice({ study, grouping }: { study: StudyDetail; grouping: Grouping }) {
  if (study.suggestion === null) return null
  const { studyIds, reason } = study.suggestion
  const others = studyIds.filter((id) => id !== study.id)
  return (
    <Notice
      kind="plain"
      title={
        others.length === 1 ? 'These two studies look like one exam' : 'These studies look like one exam'
      }
      action={
        <div className={styles.acts}>
          <Button disabled={grouping.isBusy} onClick={() => void grouping.group(others)}>
            Group
          </Button>
          <Button kind="quiet" disabled={grouping.isBusy} onClick={() => void grouping.dismiss(others)}>
            Dismiss
          </Button>
        </div>
      }
    >
      {reason}{' '}
      {others.map((id) => (
        <Link key={id} to="/studies/$studyId" params={{ studyId: String(id) }}>
          Look at the other one
        </Link>
      ))}
    </Notice>
  )
}

/** Of a very large exam the server sends the first images. */
function MoreInGallery({ study }: { study: StudyDetail }) {
  return (
    <p className="unit">
      These are the first {formatCount(study.images.length)} of {plural(study.imageCount, 'image')}.{' '}
      <Link to="/" search={{ studyId: String(study.id) }}>
        Show them all in the gallery
      </Link>
    </p>
  )
}

function DownloadExam({ study }: { study: StudyDetail }) {
  const [isBusy, setBusy] = useState(false)
  async function download(): Promise<void> {
    setBusy(true)
    try {
      await downloadZip({ studyIds: [study.id] })
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button icon={<Download />} isBusy={isBusy} onClick={() => void download()}>
      {isBusy ? 'Preparing the ZIP…' : 'Download exam'}
    </Button>
  )
}
