/** Tables as they come over the wire: base64 of little-endian 16-bit words. */
import type { components } from '@/shared/api/schema'

type WireLookup = components['schemas']['LookupTable']

/** Entry i is the output for the input `first` + i, in `bits` bits. */
export interface Lookup {
  readonly first: number
  readonly bits: number
  readonly entries: Uint16Array
}

const decoded = new WeakMap<WireLookup, Lookup>()

/** Decoded once; dragging a window asks for it at every step. */
export function lookupOf(wire: WireLookup): Lookup {
  const known = decoded.get(wire)
  if (known) return known
  const bytes = Uint8Array.from(atob(wire.entries), (letter) => letter.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  const entries = Uint16Array.from({ length: bytes.length >> 1 }, (_, index) =>
    view.getUint16(2 * index, true),
  )
  const lookup = { first: wire.first, bits: wire.bits, entries }
  decoded.set(wire, lookup)
  return lookup
}
