import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** The browser's EventSource, as far as the page uses it. */
class FakeSource extends EventTarget {
  static readonly CLOSED = 2
  static opened: FakeSource[] = []
  readyState = 1
  constructor(readonly url: string) {
    super()
    FakeSource.opened.push(this)
  }
  close(): void {
    this.readyState = FakeSource.CLOSED
  }
  say(name: string, body: unknown, lastEventId = ''): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(body), lastEventId }))
  }
  refuse(): void {
    this.close()
    this.dispatchEvent(new Event('error'))
  }
}

type Live = typeof import('@/shared/api/live')
let live: Live
let end: () => void = () => undefined

function look(state: 'visible' | 'hidden'): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  document.dispatchEvent(new Event('visibilitychange'))
}

function openSources(): FakeSource[] {
  return FakeSource.opened.filter((source) => source.readyState !== FakeSource.CLOSED)
}

beforeEach(async () => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeSource)
  vi.resetModules()
  FakeSource.opened = []
  live = await import('@/shared/api/live')
  end = live.openLive()
})

afterEach(() => {
  end()
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

test('it counts as live once something has come, and no longer once it broke', () => {
  expect(live.useLive.getState().isLive).toBe(false)
  const [source] = openSources()
  source?.say('snapshot', { jobs: [], unread: 0, complete: true })
  expect(live.useLive.getState().isLive).toBe(true)
  source?.refuse()
  expect(live.useLive.getState().isLive).toBe(false)
})

test('each event reaches those who asked for its kind', () => {
  const heard = vi.fn<(event: { unread: number }) => void>()
  const stop = live.onLive('unread', heard)
  const [source] = openSources()
  source?.say('unread', { unread: 3 })
  source?.say('job', { id: 'dicom-1' })
  expect(heard.mock.calls).toEqual([[{ unread: 3 }]])
  stop()
  source?.say('unread', { unread: 4 })
  expect(heard).toHaveBeenCalledTimes(1)
})

test('there is never more than one stream, and it asks for queues only while they are watched', () => {
  const stop = live.watchQueues()
  expect(openSources().map((source) => source.url)).toEqual(['/api/events?scope=queues'])
  stop()
  expect(openSources().map((source) => source.url)).toEqual(['/api/events'])
  end()
  end = () => undefined
  expect(openSources()).toEqual([])
})

test('a page that nobody looks at gives its connection back, and goes on where it was', () => {
  openSources()[0]?.say('job', { id: 'dicom-1' }, '1795456000000000')
  look('hidden')
  expect(openSources()).toHaveLength(1) // a glance at another page costs nothing
  vi.advanceTimersByTime(15_000)
  expect(openSources()).toHaveLength(0)
  look('visible')
  expect(openSources().map((source) => source.url)).toEqual(['/api/events?lastEventId=1795456000000000'])
})

test('after a refusal it comes back, but not at once', () => {
  openSources()[0]?.refuse()
  vi.advanceTimersByTime(5000)
  expect(openSources()).toHaveLength(0)
  vi.advanceTimersByTime(20_000)
  expect(openSources()).toHaveLength(1)
})

test('another person does not go on in the stream of the one before', () => {
  openSources()[0]?.say('job', { id: 'dicom-1' }, '1795456000000000')
  end()
  end = live.openLive()
  expect(openSources().map((source) => source.url)).toEqual(['/api/events'])
})
