import { useSyncExternalStore } from 'react'
import type { PaneState } from '@/viewer/state'
import styles from './Drawings.module.css'
import type { PixelProbe } from './useAnnotations'

const BESIDE_PIXELS = 14

/** The value beside the pointer. It alone is drawn anew while the pointer moves. */
export function ProbeLine({ pane, probe }: { pane: PaneState; probe: PixelProbe }) {
  const { source, words } = probe
  const place = useSyncExternalStore(source.subscribe, () =>
    source.place?.paneKey === pane.key ? source.place : null,
  )
  const told = place && pane.missing === null ? words(pane.key, place.at) : null
  const { width, height } = pane.rect
  const { x, y } = place?.at ?? { x: 0, y: 0 }
  return (
    <output
      className={styles.probe}
      hidden={told === null}
      // Whoever moves the pointer looks at it; what keys move is read out.
      aria-live={place?.isByKeys ? 'polite' : 'off'}
      style={{
        [x > width / 2 ? 'right' : 'left']: (x > width / 2 ? width - x : x) + BESIDE_PIXELS,
        [y > height / 2 ? 'bottom' : 'top']: (y > height / 2 ? height - y : y) + BESIDE_PIXELS,
      }}
    >
      {told}
    </output>
  )
}
