import { useCallback, useState } from 'react'
import { inView } from './walls'

/** The rows that are looked at, told by the wall after each change; where they stand is kept for reading them again. */
export function useInView<T>(view: keyof typeof inView) {
  const [visible, setVisible] = useState<readonly T[]>([])
  const onView = useCallback(
    (shown: readonly T[], start: number) => {
      inView[view] = { start, end: start + shown.length }
      setVisible(shown)
    },
    [view],
  )
  return { visible, onView }
}
