import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nameIn } from '@/shared/acts/saveFile'
import { saveMeasurements } from './exportFiles'

const { said } = vi.hoisted(() => ({ said: [] as string[] }))
vi.mock('@/shared/ui/Toasts', () => ({ toast: (text: string) => said.push(text) }))

const ask = vi.fn<typeof fetch>()
const saved: string[] = []

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', ask)
  ask.mockReset()
  said.length = saved.length = 0
  URL.createObjectURL = () => 'blob:1'
  URL.revokeObjectURL = () => {}
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(this.download)
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function file(): Response {
  const headers = { 'Content-Disposition': 'attachment; filename="measurements-of-exam-3.csv"' }
  return new Response('x', { headers })
}

test('what waits is sent before the file is asked for, and the server names it', async () => {
  const order: string[] = []
  ask.mockImplementation((address) => {
    order.push(String(address))
    return Promise.resolve(file())
  })
  await saveMeasurements('/api/studies/3/annotations', 'csv', () => {
    order.push('sent')
    return Promise.resolve(0)
  })
  expect(order).toEqual(['sent', '/api/studies/3/measurements.csv'])
  expect(saved).toEqual(['measurements-of-exam-3.csv'])
  expect(said).toEqual([])
})

test('what could not be sent is told with the file', async () => {
  ask.mockResolvedValue(file())
  await saveMeasurements('/api/images/3/annotations', 'dcm', () => Promise.resolve(2))
  expect(ask.mock.calls[0]?.[0]).toBe('/api/images/3/measurements.dcm')
  expect(said).toEqual(['2 changes of yours could not be sent yet: the file is without.'])
})

test('a refusal is told and nothing is saved', async () => {
  const problem = { code: 'nothing_to_export', detail: 'Nothing is measured on this exam.' }
  ask.mockResolvedValue(new Response(JSON.stringify(problem), { status: 409 }))
  await saveMeasurements('/api/studies/3/annotations', 'dcm', () => Promise.resolve(0))
  expect(saved).toEqual([])
  expect(said).toEqual(['Nothing is measured on this exam.'])
})

test('only a plain name is taken from the server', () => {
  expect(nameIn('attachment; filename="a b.csv"')).toBe('a b.csv')
  expect(nameIn('attachment; filename="../a.csv"')).toBeNull()
  expect(nameIn('inline')).toBeNull()
  expect(nameIn(null)).toBeNull()
})
