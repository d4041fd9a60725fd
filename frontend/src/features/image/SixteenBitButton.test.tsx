import { act } from 'react'
import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { meQuery, queryClient } from '@/shared/api/queries'
import type { ImageDetail, Me } from '@/shared/api/types'
import { DEFAULT_PICTURE } from './picture'
import { SixteenBitButton } from './SixteenBitButton'

const image = {
  id: 7,
  numberOfFrames: null,
  acquisition: null,
  dicom: { photometricInterpretation: 'MONOCHROME2' },
  links: { png: '/api/images/7/png?v=2' },
} as unknown as ImageDetail

function answer(status: number, body: object | null = null, headers: Record<string, string> = {}): Response {
  return new Response(body === null ? 'x' : JSON.stringify(body), { status, headers })
}

let box: HTMLElement
let root: Root
let downloads: string[]
const ask = vi.fn<typeof fetch>()

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.stubGlobal('fetch', ask)
  vi.useFakeTimers()
  ask.mockReset()
  downloads = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    downloads.push(`${this.getAttribute('href')} as ${this.download}`)
  })
  queryClient.setQueryData(meQuery.queryKey, { capabilities: { correct: true } } as unknown as Me)
  box = document.createElement('div')
  root = createRoot(box)
})

afterEach(() => {
  act(() => root.unmount())
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function show(shown: ImageDetail = image): void {
  act(() =>
    root.render(
      <QueryClientProvider client={queryClient}>
        <SixteenBitButton image={shown} picture={DEFAULT_PICTURE} />
      </QueryClientProvider>,
    ),
  )
}

function button(words: string): HTMLButtonElement {
  const found = [...box.querySelectorAll('button')].find((one) => one.textContent?.includes(words))
  expect(found, `a button “${words}” in ${box.innerHTML}`).toBeDefined()
  return found as HTMLButtonElement
}

async function press(words: string): Promise<void> {
  await act(async () => {
    button(words).click()
    await vi.advanceTimersByTimeAsync(0)
  })
}

test('it orders the values, says that they are being made, and downloads them once they are there', async () => {
  ask.mockResolvedValueOnce(answer(409, { code: 'not_ready', jobId: 'j' }, { 'Retry-After': '1' }))
  ask.mockResolvedValueOnce(answer(206))
  show()
  await press('16-bit PNG (modality values)')
  expect(ask.mock.calls[0]?.[0]).toBe('/api/images/7/png?v=2&bits=16')
  expect(box.textContent).toContain('being made')
  expect(downloads).toEqual([])
  await act(() => vi.advanceTimersByTimeAsync(1500))
  expect(downloads).toEqual(['/api/images/7/png?v=2&bits=16 as 7-16-bit.png'])
  expect(box.textContent).not.toContain('being made')
})

test('a cancelled order downloads nothing and asks no more', async () => {
  ask.mockResolvedValue(answer(409, { code: 'not_ready' }, { 'Retry-After': '1' }))
  show()
  await press('16-bit PNG')
  await press('Cancel')
  await act(() => vi.advanceTimersByTimeAsync(10_000))
  expect(ask).toHaveBeenCalledTimes(1)
  expect(downloads).toEqual([])
})

test('a failure says why, and Retry starts its job anew', async () => {
  ask.mockResolvedValueOnce(answer(410, { code: 'decoder_error', detail: 'Damaged.', jobId: 'png16/7' }))
  ask.mockResolvedValueOnce(answer(202, { id: 'png16/7' }))
  ask.mockResolvedValueOnce(answer(206))
  show()
  await press('16-bit PNG')
  expect(box.textContent).toContain('Damaged.')
  await press('Retry')
  await act(() => vi.advanceTimersByTimeAsync(0))
  expect(ask.mock.calls[1]?.[0]).toBe('/api/jobs/png16%2F7/retry')
  expect(downloads).toHaveLength(1)
})

test('colour images and reports have no such button', () => {
  show({ ...image, dicom: { ...image.dicom, photometricInterpretation: 'RGB' } } as ImageDetail)
  expect(box.querySelector('button')).toBeNull()
  show({ ...image, links: { ...image.links, png: null } })
  expect(box.querySelector('button')).toBeNull()
})
