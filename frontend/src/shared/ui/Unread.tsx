import { messageOf } from '@/shared/api/client'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'

interface UnreadProps {
  /** "The feed": what could not be read. */
  what: string
  error: Error
  /** There are numbers on the page that were read before. */
  hasOld: boolean
  onAgain: () => void
}

/** One part that could not be read; the others stay. */
export function Unread({ what, error, hasOld, onAgain }: UnreadProps) {
  return (
    <Notice
      kind="failed"
      title={`${what} could not be read`}
      action={<Button onClick={onAgain}>Try again</Button>}
    >
      {messageOf(error)} {hasOld ? 'What stands here was read before.' : ''}
    </Notice>
  )
}
