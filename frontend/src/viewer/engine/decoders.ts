/** A few workers that decode, and the order in which frames come to them. */
import type { Samples } from '@/viewer/types'
import type { DecodeAnswer, DecodeRequest } from './decoder.worker'

export interface DecodeTask extends Omit<DecodeRequest, 'id'> {
  /** Lower goes first; asked again whenever a worker is free. */
  readonly rank: () => number
}

interface Waiting {
  readonly task: DecodeTask
  readonly resolve: (levels: readonly Samples[]) => void
  readonly reject: (problem: Error) => void
}

interface Hand {
  worker: Worker
  busyWith: Waiting | null
}

/** The heap of WebAssembly never shrinks; a worker that had a giant to decode is replaced. */
const LARGEST_HEAP_BYTES = 512 * 1024 * 1024

export class Decoders {
  private readonly hands: Hand[]
  private waiting: Waiting[] = []
  private isDisposed = false

  constructor(count: number) {
    this.hands = Array.from({ length: count }, () => ({ worker: startWorker(), busyWith: null }))
    for (const hand of this.hands) this.listen(hand)
  }

  /** Samples at every size, the largest first. The bytes are copied to the worker, and stay. */
  decode(task: DecodeTask, signal: AbortSignal): Promise<readonly Samples[]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }
      const waiting = { task, resolve, reject }
      this.waiting.push(waiting)
      signal.addEventListener('abort', () => {
        this.waiting = this.waiting.filter((one) => one !== waiting)
        reject(signal.reason as Error)
      })
      this.next()
    })
  }

  dispose(): void {
    this.isDisposed = true
    for (const { worker } of this.hands) worker.terminate()
    this.waiting = []
  }

  private next(): void {
    const hand = this.hands.find(({ busyWith }) => busyWith === null)
    if (this.isDisposed || !hand || this.waiting.length === 0) return
    const first = this.waiting.reduce((best, one) => (one.task.rank() < best.task.rank() ? one : best))
    this.waiting = this.waiting.filter((one) => one !== first)
    hand.busyWith = first
    const { kind, level, padding } = first.task
    // Only what has come, not all the room that is kept for it.
    const bytes = first.task.bytes.slice()
    hand.worker.postMessage({ id: 0, bytes, kind, level, padding } satisfies DecodeRequest, [bytes.buffer])
    this.next()
  }

  private listen(hand: Hand): void {
    hand.worker.onmessage = ({ data }: MessageEvent<DecodeAnswer>) => {
      const done = hand.busyWith
      hand.busyWith = null
      if ('levels' in data) {
        if (data.heapBytes > LARGEST_HEAP_BYTES) this.replace(hand)
        done?.resolve(data.levels)
      } else done?.reject(new Error(data.problem))
      this.next()
    }
    hand.worker.onerror = (event) => {
      event.preventDefault()
      const lost = hand.busyWith
      this.replace(hand)
      lost?.reject(new Error('The decoder could not be started, or has broken down. Reload the page.'))
      this.next()
    }
  }

  private replace(hand: Hand): void {
    hand.worker.terminate()
    hand.worker = startWorker()
    hand.busyWith = null
    this.listen(hand)
  }
}

function startWorker(): Worker {
  return new Worker(new URL('decoder.worker.ts', import.meta.url), { type: 'module', name: 'decoder' })
}
