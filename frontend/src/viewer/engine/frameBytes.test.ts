// @vitest-environment node
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ApiProblem, NoConnection } from '@/shared/api/client'
import { FrameBytes } from './frameBytes'

const CONTENT = Uint8Array.from({ length: 50_000 }, (_, index) => (index * 31 + (index >> 8)) & 255)
const BOUNDS = /^bytes=(\d+)-(\d*)$/

interface Asked {
  readonly address: string
  readonly range: string | undefined
  readonly ifRange: string | undefined
}

let server: Server
const quiet = { isPrefetch: false, progress: () => {} }

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** A server of ranges on this machine; `spoil` may answer in its place. */
async function serving(
  spoil: (response: ServerResponse, count: number, part: Uint8Array) => boolean = () => false,
): Promise<{ address: string; asked: Asked[] }> {
  const asked: Asked[] = []
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { range } = request.headers
    asked.push({
      address: request.url ?? '',
      range,
      ifRange: request.headers['if-range'] as string | undefined,
    })
    const [, from = '0', to = ''] = BOUNDS.exec(range ?? '') ?? []
    const end = to === '' ? CONTENT.length : Number(to) + 1
    const part = CONTENT.subarray(Number(from), end)
    response.setHeader('ETag', '"one"')
    response.setHeader('Content-Range', `bytes ${from}-${end - 1}/${CONTENT.length}`)
    response.setHeader('Content-Length', part.length)
    response.statusCode = 206
    if (!spoil(response, asked.length, part)) response.end(part)
  })
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  const { port } = server.address() as AddressInfo
  return { address: `http://127.0.0.1:${port}/frames/1?v=7`, asked }
}

function never(): AbortSignal {
  return new AbortController().signal
}

describe('the bytes of a frame', () => {
  it('come in two ranges, and none twice', async () => {
    const { address, asked } = await serving()
    const bytes = new FrameBytes(address)
    await bytes.readTo(4_000, { ...quiet, signal: never() })
    expect([bytes.received, bytes.total, bytes.isWhole]).toEqual([4_000, 50_000, false])
    expect(bytes.bytes).toEqual(CONTENT.subarray(0, 4_000))
    await bytes.readTo(3_000, { ...quiet, signal: never() })
    await bytes.readTo(null, { ...quiet, signal: never() })
    await bytes.readTo(null, { ...quiet, signal: never() })
    expect(bytes.bytes).toEqual(CONTENT)
    expect(asked.map(({ range, ifRange }) => [range, ifRange])).toEqual([
      ['bytes=0-3999', undefined],
      ['bytes=4000-', '"one"'],
    ])
  })

  it('go on behind what had come when the line was lost half-way', async () => {
    const { address, asked } = await serving((response, count, part) => {
      if (count > 1) return false
      response.write(part.subarray(0, 20_000), () => response.destroy())
      return true
    })
    const bytes = new FrameBytes(address)
    await expect(bytes.readTo(null, { ...quiet, signal: never() })).rejects.toThrow(NoConnection)
    expect(bytes.received).toBe(20_000)
    await bytes.readTo(null, { ...quiet, signal: never() })
    expect(asked[1]?.range).toBe('bytes=20000-')
    expect(bytes.bytes).toEqual(CONTENT)
  })

  it('are not whole where the body ends early without a word', async () => {
    const { address } = await serving((response, count, part) => {
      if (count > 1) return false
      response.removeHeader('Content-Length')
      response.end(part.subarray(0, 20_000))
      return true
    })
    const bytes = new FrameBytes(address)
    await expect(bytes.readTo(null, { ...quiet, signal: never() })).rejects.toThrow(NoConnection)
    await bytes.readTo(null, { ...quiet, signal: never() })
    expect(bytes.bytes).toEqual(CONTENT)
  })

  it('begin anew where another file has come under the address', async () => {
    const other = new Uint8Array(700).fill(9)
    const { address } = await serving((response, count) => {
      if (count === 1) return false
      response.removeHeader('Content-Range')
      response.setHeader('Content-Length', other.length)
      response.statusCode = 200
      response.end(other)
      return true
    })
    const bytes = new FrameBytes(address)
    await bytes.readTo(4_000, { ...quiet, signal: never() })
    await bytes.readTo(null, { ...quiet, signal: never() })
    expect(bytes.bytes).toEqual(other)
  })

  it('stop when nobody wants them, keep what came, and say when they are fetched ahead', async () => {
    const { address, asked } = await serving((response, count, part) => {
      if (count > 1) return false
      response.write(part.subarray(0, 10_000))
      return true
    })
    const bytes = new FrameBytes(address)
    const abort = new AbortController()
    const reading = bytes.readTo(null, {
      isPrefetch: true,
      signal: abort.signal,
      progress: () => bytes.received === 10_000 && abort.abort(),
    })
    await expect(reading).rejects.toThrow('abort')
    await bytes.readTo(null, { ...quiet, signal: never() })
    expect(bytes.bytes).toEqual(CONTENT)
    expect(asked.map((one) => one.address)).toEqual(['/frames/1?v=7&purpose=prefetch', '/frames/1?v=7'])
  })

  it('tell why they are refused', async () => {
    const { address } = await serving((response) => {
      response.statusCode = 404
      response.removeHeader('Content-Length')
      response.end('{"code": "not_found", "detail": "There is no such image."}')
      return true
    })
    const refused = new FrameBytes(address).readTo(null, { ...quiet, signal: never() })
    await expect(refused).rejects.toThrow(ApiProblem)
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'not_found' })
  })
})
