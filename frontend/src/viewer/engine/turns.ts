/** So many at once; who comes next is decided by rank at that moment, not by who asked first. */
export class Turns {
  private free: number
  private waiting: { rank: () => number; go: () => void }[] = []

  constructor(count: number) {
    this.free = count
  }

  /** Runs `work` in its turn. Whoever is aborted while waiting leaves the queue. */
  async run<T>(rank: () => number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.turn(rank, signal)
    try {
      return await work()
    } finally {
      this.free += 1
      this.next()
    }
  }

  private turn(rank: () => number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const entry = { rank, go: resolve }
      signal.addEventListener('abort', () => {
        if (!this.waiting.includes(entry)) return
        this.waiting = this.waiting.filter((one) => one !== entry)
        reject(signal.reason as Error)
      })
      this.waiting.push(entry)
      this.next()
    })
  }

  private next(): void {
    if (this.free === 0 || this.waiting.length === 0) return
    const first = this.waiting.reduce((best, one) => (one.rank() < best.rank() ? one : best))
    this.waiting = this.waiting.filter((one) => one !== first)
    this.free -= 1
    first.go()
    this.next()
  }
}
