import { useCallback, useEffect, useState } from 'react'
import { askForRendition } from '@/shared/api/images'
import { followRendition, pause, type Rendition } from './rendition'

/** Addresses that were there a moment ago: stepping back to one is instant. */
const known = new Set<string>()
const MOST_KNOWN = 500
/** Whoever holds a key down passes many pictures and wants the last. */
const SETTLE_MILLISECONDS = 120

export interface FollowedRendition {
  /** Null while nothing is asked for. */
  rendition: Rendition | null
  /** Asks once more after a refusal, or after a picture that did not load. */
  again: () => void
}

/** Orders what is at `address` and follows it until it is there; another address, or none, ends that. */
export function useRendition(address: string | null): FollowedRendition {
  const [turn, setTurn] = useState(0)
  const [told, setTold] = useState<{ address: string; rendition: Rendition } | null>(null)
  useEffect(() => {
    if (address === null || known.has(address)) return
    const end = new AbortController()
    const tell = (rendition: Rendition) => {
      if (rendition.at === 'ready') remember(address)
      setTold({ address, rendition })
    }
    void pause(SETTLE_MILLISECONDS, end.signal).then(() =>
      followRendition({ ask: (signal) => askForRendition(address, signal), pause, tell, signal: end.signal }),
    )
    return () => end.abort()
  }, [address, turn])
  const again = useCallback(() => {
    if (address !== null) known.delete(address)
    setTold(null)
    setTurn((before) => before + 1)
  }, [address])
  if (address === null) return { rendition: null, again }
  if (known.has(address)) return { rendition: { at: 'ready' }, again }
  return { rendition: told?.address === address ? told.rendition : { at: 'asking' }, again }
}

function remember(address: string): void {
  if (known.size >= MOST_KNOWN) known.clear()
  known.add(address)
}
