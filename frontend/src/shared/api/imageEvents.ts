/** What one feature tells the others about images, so that they need not know each other. */
export type ImageEvent =
  | { kind: 'arrived' }
  | { kind: 'changed'; imageIds: readonly number[] }
  | { kind: 'deleted'; imageIds: readonly number[] }
  /** A deletion was undone: lists read again the places where these belong. */
  | { kind: 'restored'; imageIds: readonly number[] }
  /** Somebody signed out: nothing that they saw stays in the page. */
  | { kind: 'forget' }

type Listener = (event: ImageEvent) => void
const listeners = new Set<Listener>()

export function announceImages(event: ImageEvent): void {
  for (const listener of listeners) listener(event)
}

export function onImages(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
