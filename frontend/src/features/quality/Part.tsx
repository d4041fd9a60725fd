import type { ReactNode } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'
import { Skeleton } from '@/shared/ui/Skeleton'
import { Unread } from '@/shared/ui/Unread'

interface PartProps<T> {
  what: string
  answer: UseQueryResult<T>
  height: string
  children: (found: T) => ReactNode
}

/** One question's part of the page: it comes, or fails, by itself. */
export function Part<T>({ what, answer, height, children }: PartProps<T>) {
  return (
    <>
      {answer.error ? (
        <Unread
          what={what}
          error={answer.error}
          hasOld={answer.data !== undefined}
          onAgain={() => void answer.refetch()}
        />
      ) : null}
      {answer.data === undefined ? answer.error ? null : <Skeleton height={height} /> : children(answer.data)}
    </>
  )
}
