import { send } from '@/shared/api/client'

/** Browsers read the address a moment after the click. */
const KEPT_MILLISECONDS = 60_000

/** Hands a file to the browser's own downloads. */
export function saveFile(body: Blob, name: string): void {
  const address = URL.createObjectURL(body)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MILLISECONDS)
}

/** Fetches a file and saves it under the name that the server gives it. Throws what the server said instead. */
export async function fetchFile(path: string, otherwise: string): Promise<void> {
  const response = await send(path, {}, {}, 'no-store')
  saveFile(await response.blob(), nameIn(response.headers.get('Content-Disposition')) ?? otherwise)
}

/** Of `attachment; filename="…"`, which is all that our server sends. */
export function nameIn(disposition: string | null): string | null {
  return /filename="([^"\\/]+)"/.exec(disposition ?? '')?.[1] ?? null
}
