import type { UploadItem, UploadState } from './uploadItem'

export interface UploadTotals {
  count: number
  byState: Readonly<Record<UploadState, number>>
  byteCount: number
  sentByteCount: number
  /** Waiting, being sent or paused: what closing the tab would lose. */
  unsent: number
  /** All but what waits for its file. */
  beingSent: number
  sent: number
  troubles: number
  over: number
  isWorking: boolean
}

export function totalsOf(items: readonly UploadItem[]): UploadTotals {
  const byState = {
    waiting: 0,
    sending: 0,
    paused: 0,
    interrupted: 0,
    processing: 0,
    ready: 0,
    rejected: 0,
    failed: 0,
    refused: 0,
  }
  let byteCount = 0
  let sentByteCount = 0
  for (const item of items) {
    byState[item.state] += 1
    // What will never be sent counts neither in the sum nor in what is done.
    if (
      item.state === 'refused' ||
      item.state === 'interrupted' ||
      (item.state === 'failed' && item.parts.length === 0)
    )
      continue
    byteCount += item.byteCount
    sentByteCount += item.sentByteCount
  }
  const unsent = byState.waiting + byState.sending + byState.paused
  const beingSent = items.length - byState.interrupted
  const troubles = byState.rejected + byState.failed + byState.refused
  return {
    count: items.length,
    byState,
    byteCount,
    sentByteCount,
    unsent,
    beingSent,
    sent: beingSent - unsent,
    troubles,
    over: byState.ready + troubles,
    isWorking: unsent + byState.processing > 0,
  }
}

const RANK: Record<UploadState, number> = {
  failed: 0,
  refused: 0,
  rejected: 0,
  interrupted: 0,
  paused: 1,
  sending: 1,
  processing: 2,
  waiting: 3,
  ready: 4,
}

/** What needs a person first, then what moves, then the rest; each in the order it was dropped. */
export function orderForTray(items: readonly UploadItem[]): number[] {
  const buckets: number[][] = [[], [], [], [], []]
  items.forEach((item, index) => buckets[RANK[item.state]]?.push(index))
  return buckets.flat()
}

const WINDOW_MILLISECONDS = 6000

/** Bytes per second over the last seconds; null until there is enough to go by. */
export class SpeedMeter {
  private samples: { atMilliseconds: number; byteCount: number }[] = []

  /** `byteCount` is the running sum of what was sent; a retry may make it smaller. */
  add(atMilliseconds: number, byteCount: number): void {
    const last = this.samples.at(-1)
    if (last && byteCount < last.byteCount) this.samples = []
    this.samples.push({ atMilliseconds, byteCount })
    while (
      this.samples.length > 2 &&
      atMilliseconds - (this.samples[0]?.atMilliseconds ?? 0) > WINDOW_MILLISECONDS
    ) {
      this.samples.shift()
    }
  }

  bytesPerSecond(): number | null {
    const first = this.samples[0]
    const last = this.samples.at(-1)
    if (!first || !last) return null
    const milliseconds = last.atMilliseconds - first.atMilliseconds
    if (milliseconds < 500 || last.byteCount === first.byteCount) return null
    return ((last.byteCount - first.byteCount) / milliseconds) * 1000
  }

  reset(): void {
    this.samples = []
  }
}
