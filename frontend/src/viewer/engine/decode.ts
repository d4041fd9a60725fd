/** One HTJ2K codestream to samples. Knows WebAssembly, but neither workers nor the network. */
import type { HTJ2KDecoder, OpenJph } from '@cornerstonejs/codec-openjph'
import type { Samples } from '@/viewer/types'

/** The codestream is broken, or holds what no frame of ours holds. Nothing of it may be shown. */
export class BrokenFrame extends Error {
  constructor(why: string) {
    super(`The picture's data cannot be read (${why}).`)
    this.name = 'BrokenFrame'
  }
}

const END_OF_CODESTREAM = [0xff, 0xd9] as const
/** More would not fit the memory of a page; the largest mammograms have 25 million. */
const MOST_PIXELS = 2 ** 28
/** Where the SIZ segment, which comes first, tells of the first component: sign, and depth less one (T.800 A.5.1). */
const FIRST_DEPTH_OFFSET = 42
const SIGNED_8_BITS = 0x87
const UNSIGNED_8_BITS = 0x07

/**
 * Samples at 1/2^level of the resolution. A codestream that was cut off gives the resolutions that its beginning holds;
 * level 0 needs all of it.
 */
export function decodeFrame(openJph: OpenJph, codestream: Uint8Array, level: number): Samples {
  if (level === 0 && !isWhole(codestream)) throw new BrokenFrame('its end is missing')
  const decoder = new openJph.HTJ2KDecoder()
  try {
    const given = decoder.getEncodedBuffer(codestream.length)
    given.set(codestream)
    // OpenJPH's binding cuts negative values of 8 bits off. Read as unsigned they come 128 higher, and whole.
    const isRaised = given[FIRST_DEPTH_OFFSET] === SIGNED_8_BITS
    if (isRaised) given[FIRST_DEPTH_OFFSET] = UNSIGNED_8_BITS
    decoder.readHeader()
    refuseErrors(decoder)
    const { width, height } = decoder.getFrameInfo()
    if (width * height > MOST_PIXELS) throw new BrokenFrame(`${width} × ${height} pixels`)
    const reached = Math.min(level, decoder.getNumDecompositions())
    if (reached === 0) decoder.decode()
    else decoder.decodeSubResolution(reached)
    refuseErrors(decoder)
    const samples = samplesOf(decoder, reached)
    return isRaised ? lowered(samples) : samples
  } finally {
    decoder.delete()
  }
}

function isWhole(codestream: Uint8Array): boolean {
  return END_OF_CODESTREAM.every((byte, index) => codestream.at(index - 2) === byte)
}

function refuseErrors(decoder: HTJ2KDecoder): void {
  const message = decoder.getLastErrorMessage()
  if (message) throw new BrokenFrame(message)
}

function samplesOf(decoder: HTJ2KDecoder, level: number): Samples {
  const { bitsPerSample, componentCount, isSigned } = decoder.getFrameInfo()
  const { width, height } = decoder.calculateSizeAtDecompositionLevel(level)
  if (componentCount !== 1 && componentCount !== 3) throw new BrokenFrame(`${componentCount} components`)
  const bytes = decoder.getDecodedBuffer()
  const wide = bitsPerSample > 8
  const count = width * height * componentCount
  if (count === 0 || bytes.length < count * (wide ? 2 : 1)) throw new BrokenFrame('it is empty')
  // The decoder's memory is used again for the next frame.
  const own = bytes.slice(0, count * (wide ? 2 : 1)).buffer
  const data = wide ? new (isSigned ? Int16Array : Uint16Array)(own) : new Uint8Array(own)
  return { width, height, level, components: componentCount, data }
}

function lowered(samples: Samples): Samples {
  const data = new Int8Array(samples.data.buffer)
  for (let index = 0; index < data.length; index += 1) data[index] = (data[index] as number) ^ 0x80
  return { ...samples, data }
}
