import { useEffect } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ListChecks, SearchX } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { Button } from '@/shared/ui/Button'
import { EmptyState } from '@/shared/ui/EmptyState'
import { KeysetPager } from '@/shared/ui/KeysetPager'
import { Notice } from '@/shared/ui/Notice'
import { Skeleton } from '@/shared/ui/Skeleton'
import { jobPageQuery } from './api'
import { JobFilterBar } from './JobFilterBar'
import { countJobFilters, filtersOf, type JobSearch } from './jobSearch'
import { JobTable } from './JobTable'
import styles from './JobsPage.module.css'

interface JobListProps {
  search: JobSearch
  isLive: boolean
  onOpen: (jobId: string) => void
}

/** All jobs, newest first. Filters and page stand in the URL. */
export function JobList({ search, isLive, onOpen }: JobListProps) {
  const navigate = useNavigate()
  const { data: page, error, refetch } = useQuery(jobPageQuery(search, isLive))
  const filters = filtersOf(search)
  const go = (next: JobSearch, replace = false) =>
    void navigate({ to: '/admin/jobs', search: next, replace, resetScroll: false })
  const hasComeToTheTop = search.direction === 'prev' && page?.prevCursor === null
  useEffect(() => {
    // The newest page is live; the one that ends at a cursor would stand still.
    if (hasComeToTheTop)
      void navigate({ to: '/admin/jobs', search: filtersOf(search), replace: true, resetScroll: false })
  }, [hasComeToTheTop, search, navigate])
  return (
    <section className={styles.list} aria-label="List of jobs">
      <JobFilterBar filters={filters} onChange={(next) => go(next, true)} />
      {error ? (
        <Notice
          kind="failed"
          title="The list could not be read"
          action={<Button onClick={() => void refetch()}>Try again</Button>}
        >
          {messageOf(error)}
        </Notice>
      ) : null}
      {page === undefined ? error ? null : <Skeleton height="20rem" /> : null}
      {page?.jobs.length === 0 ? (
        <NoJobs isFiltered={countJobFilters(filters) > 0} onClear={() => go({}, true)} />
      ) : null}
      {page && page.jobs.length > 0 ? (
        <JobTable jobs={page.jobs} onOpen={onOpen} onReason={(reason) => go({ ...filters, reason })} />
      ) : null}
      {page ? (
        <KeysetPager
          group="Jobs"
          page={page}
          isFirst={search.cursor === undefined}
          onGo={(place) => go({ ...filters, ...place })}
        />
      ) : null}
    </section>
  )
}

function NoJobs({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  return isFiltered ? (
    <EmptyState
      icon={<SearchX />}
      title="No job fits these filters"
      actions={<Button onClick={onClear}>Clear filters</Button>}
    >
      Ended jobs are kept with their reason, so an empty list of failed ones means that none has failed.
    </EmptyState>
  ) : (
    <EmptyState icon={<ListChecks />} title="No jobs yet">
      Every uploaded image brings one: it stands here from the upload to its end, with all its attempts.
    </EmptyState>
  )
}
