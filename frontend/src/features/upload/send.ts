import { ApiProblem, NoConnection, parseObject } from '@/shared/api/client'
import type { UploadAnswer } from '@/shared/api/types'
import { formatMegabytes } from '@/shared/format/numbers'

export interface Sending {
  answer: Promise<UploadAnswer>
  abort: () => void
}

/** One file in one request. XMLHttpRequest, because `fetch` tells nothing about the progress of a body. */
export function sendFile(file: File, name: string, onProgress: (sentByteCount: number) => void): Sending {
  const request = new XMLHttpRequest()
  const answer = new Promise<UploadAnswer>((resolve, reject) => {
    request.open('POST', '/api/images')
    request.setRequestHeader('Accept', 'application/json')
    request.upload.addEventListener('progress', (event) => onProgress(event.loaded))
    request.addEventListener('load', () => {
      const body = parseObject(request.responseText)
      if (request.status >= 200 && request.status < 300) resolve(readAnswer(body))
      else reject(new ApiProblem(request.status, body, request.getResponseHeader('Retry-After')))
    })
    request.addEventListener('error', () => reject(new NoConnection()))
    request.addEventListener('abort', () => reject(new DOMException('Stopped', 'AbortError')))
    const form = new FormData()
    form.append('files', file, name)
    request.send(form)
  })
  return { answer, abort: () => request.abort() }
}

function readAnswer(body: Record<string, unknown>): UploadAnswer {
  return {
    images: Array.isArray(body.images) ? (body.images as UploadAnswer['images']) : [],
    rejected: Array.isArray(body.rejected) ? (body.rejected as UploadAnswer['rejected']) : [],
  }
}

/** The server's own words on a refused file; a single one stands in the list, else in the problem's detail. */
export function refusalOf(problem: ApiProblem): string {
  const first = Array.isArray(problem.body.rejected) ? (problem.body.rejected[0] as unknown) : undefined
  if (first !== null && typeof first === 'object' && 'detail' in first && typeof first.detail === 'string') {
    return first.detail
  }
  return problem.detail
}

/** What the server would refuse anyway is said at once, without sending it. */
export function refusedHere(file: File, maxUploadBytes: number | null): string | null {
  if (file.size === 0) return 'The file is empty. Nothing was sent.'
  if (maxUploadBytes !== null && file.size > maxUploadBytes) {
    return `It has ${formatMegabytes(file.size)}; at most ${formatMegabytes(maxUploadBytes)} are taken. Nothing was sent.`
  }
  return null
}
