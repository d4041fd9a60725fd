import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { RotateCcw } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { retryJob } from '@/shared/api/jobs'
import { meQuery } from '@/shared/api/queries'
import { Button } from '@/shared/ui/Button'
import { toast } from '@/shared/ui/Toasts'
import { jobToRetry } from './rendition'

interface RetryRenditionProps {
  problem: unknown
  onAgain: () => void
}

/** A job that has failed for good starts anew only when somebody who may do so says it; all else is asked again. */
export function RetryRendition({ problem, onAgain }: RetryRenditionProps) {
  const { data: me } = useQuery(meQuery)
  const [isBusy, setBusy] = useState(false)
  const jobId = jobToRetry(problem)
  if (jobId !== null && me?.capabilities.correct !== true) return null
  async function retry(): Promise<void> {
    setBusy(true)
    try {
      if (jobId !== null) await retryJob(jobId)
      onAgain()
    } catch (error) {
      toast(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button icon={<RotateCcw />} isBusy={isBusy} onClick={() => void retry()}>
      Retry
    </Button>
  )
}
