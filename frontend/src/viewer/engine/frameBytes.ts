/** The bytes of one frame as they come: from the beginning, in ranges, never one twice. */
import { NoConnection, send } from '@/shared/api/client'
import { connection } from '@/shared/api/connection'

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/

export class FrameBytes {
  readonly address: string
  received = 0
  total: number | null = null
  private content: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  private etag: string | null = null

  constructor(address: string) {
    this.address = address
  }

  get isWhole(): boolean {
    return this.total !== null && this.received === this.total
  }

  /** What has come, without a copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.content.subarray(0, this.received)
  }

  /** How much memory it takes. */
  get size(): number {
    return this.content.length
  }

  /**
   * Reads on until `end` bytes are there, or all of them (null). What came before a line was lost is kept, and the next
   * call goes on behind it. Throws ApiProblem, NoConnection, or the signal's reason.
   */
  async readTo(
    end: number | null,
    { isPrefetch, signal, progress }: { isPrefetch: boolean; signal: AbortSignal; progress: () => void },
  ): Promise<void> {
    if (this.isWhole || (end !== null && this.received >= end)) return
    const headers: Record<string, string> = {
      Range: `bytes=${this.received}-${end === null ? '' : end - 1}`,
    }
    // Another file under the address would come whole, from its beginning.
    if (this.etag !== null) headers['If-Range'] = this.etag
    const address = isPrefetch
      ? `${this.address}${this.address.includes('?') ? '&' : '?'}purpose=prefetch`
      : this.address
    const response = await send(address, { signal }, headers)
    const expected = this.begin(response)
    try {
      await this.take(response, progress)
    } catch (problem) {
      if (signal.aborted) throw problem
      connection.lost()
      throw new NoConnection()
    }
    // A proxy that loses the server ends the body as if that were all.
    if (expected !== null && this.received < expected) {
      connection.lost()
      throw new NoConnection()
    }
  }

  /** How many bytes are there when this answer has come; null where it does not say. */
  private begin(response: Response): number | null {
    this.etag = response.headers.get('ETag')
    const range = CONTENT_RANGE.exec(response.headers.get('Content-Range') ?? '')
    const total = range ? Number(range[3]) : Number(response.headers.get('Content-Length') ?? Number.NaN)
    const starts = range ? Number(range[1]) : 0
    if (
      !Number.isSafeInteger(total) ||
      (this.total !== null && this.total !== total) ||
      starts !== this.received
    ) {
      this.received = 0
      this.content = new Uint8Array(0)
    }
    this.total = Number.isSafeInteger(total) ? total : null
    if (this.total !== null && this.content.length !== this.total) this.grow(this.total)
    return range ? Number(range[2]) + 1 : this.total
  }

  private async take(response: Response, progress: () => void): Promise<void> {
    const reader = response.body?.getReader()
    if (!reader) throw new NoConnection()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      // Only an answer without a length needs more room than was taken at its beginning.
      if (this.received + value.length > this.content.length) this.grow(2 * (this.received + value.length))
      this.content.set(value, this.received)
      this.received += value.length
      progress()
    }
    if (this.total === null) this.total = this.received
  }

  private grow(size: number): void {
    const larger = new Uint8Array(size)
    larger.set(this.bytes)
    this.content = larger
  }
}
