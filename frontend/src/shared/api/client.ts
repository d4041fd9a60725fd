import { connection } from '@/shared/api/connection'
import { session } from '@/shared/api/session'

/** What the server answered instead of what was asked: RFC 9457 problem details, with the stable `code`. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly retryAfterSeconds: number | null
  readonly body: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>, retryAfter: string | null) {
    const detail = typeof body.detail === 'string' && body.detail ? body.detail : sentenceFor(status)
    super(detail)
    this.name = 'ApiProblem'
    this.status = status
    this.code = typeof body.code === 'string' ? body.code : 'unknown'
    this.detail = detail
    const seconds = retryAfter === null ? Number.NaN : Number(retryAfter)
    this.retryAfterSeconds = Number.isFinite(seconds) ? seconds : null
    this.body = body
  }
}

/** No answer at all: the line or the server is away. Nothing is known to have happened. */
export class NoConnection extends Error {
  constructor() {
    super('The server does not answer. Nothing was changed; the page goes on by itself when it is back.')
    this.name = 'NoConnection'
  }
}

function sentenceFor(status: number): string {
  if (status >= 500) return 'The server could not do this. Nothing was changed; try again in a moment.'
  return 'The server did not accept this. Nothing was changed.'
}

export type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[]

export function withQuery(path: string, query: Record<string, QueryValue>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one))
  }
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  signal?: AbortSignal
  /** A 401 here is an answer of its own (wrong password, nobody signed in), not the end of a session. */
  unauthenticatedIsAnswer?: boolean
}

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  const response = await send(path, options, headers)
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

/** The answer as it comes, for what is not JSON. Throws ApiProblem for a refusal, NoConnection for silence. */
export async function send(
  path: string,
  options: RequestOptions,
  headers: Record<string, string>,
  cache: RequestCache = 'default',
): Promise<Response> {
  const epoch = session.epoch()
  let response: Response
  try {
    response = await fetch(path, {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
      cache,
    })
  } catch (error) {
    if (options.signal?.aborted) throw error
    connection.lost()
    throw new NoConnection()
  }
  if (response.ok) return response
  const problem = await problemOf(response)
  if (response.status === 401 && !options.unauthenticatedIsAnswer) session.ended(epoch)
  throw problem
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '')
  return new ApiProblem(response.status, parseObject(text), response.headers.get('Retry-After'))
}

export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object') return value as Record<string, unknown>
  } catch {
    // A proxy answered with HTML: the status alone has to say it.
  }
  return {}
}

/** The one sentence for a person, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.detail
  if (error instanceof Error && error.message) return error.message
  return 'Something went wrong on this page. Nothing was changed on the server.'
}
