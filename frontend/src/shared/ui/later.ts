import { useEffect, useState } from 'react'

const PAUSE_MILLISECONDS = 2_000

/**
 * A part of the page that comes when it is first wanted, so that the first page need not wait for it; null until then.
 * It is asked for again while the line is away, which the page's banner tells.
 *
 * @param load the same function at each call: the one that imports the part
 */
export function useLater<Part extends object>(load: () => Promise<Part>, isWanted: boolean): Part | null {
  const [part, setPart] = useState<Part | null>(null)
  const isMissing = isWanted && part === null
  useEffect(() => {
    if (!isMissing) return
    let isLeft = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = (): void => {
      load().then(
        (found) => isLeft || setPart(found),
        () => {
          if (!isLeft) timer = setTimeout(ask, PAUSE_MILLISECONDS)
        },
      )
    }
    ask()
    return () => {
      isLeft = true
      clearTimeout(timer)
    }
  }, [load, isMissing])
  return part
}

/** For `onPointerEnter` and `onFocus` of what opens such a part: it is there by the time it is wanted. */
export function fetchedAhead(load: () => Promise<unknown>): () => void {
  return () => {
    // Asked for again, and waited for, once it is wanted.
    load().catch(() => undefined)
  }
}
