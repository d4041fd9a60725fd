/** Decodes frames away from the page's own thread. One frame at a time; the page keeps the order. */
import load, { type OpenJph } from '@cornerstonejs/codec-openjph'
import wasm from '@cornerstonejs/codec-openjph/wasm?url'
import type { Samples } from '@/viewer/types'
import { decodeFrame } from './decode'
import { type PaddingRange, pyramidOf } from './pyramid'

export interface DecodeRequest {
  readonly id: number
  /** An HTJ2K codestream from its beginning, or a plain picture as a whole. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly kind: 'htj2k' | 'picture'
  readonly level: number
  readonly padding: PaddingRange | null
}

export type DecodeAnswer =
  | { readonly id: number; readonly levels: readonly Samples[]; readonly heapBytes: number }
  | { readonly id: number; readonly problem: string }

const openJph: Promise<OpenJph> = load({ locateFile: () => wasm, print: () => {}, printErr: () => {} })

onmessage = async ({ data }: MessageEvent<DecodeRequest>) => {
  let answer: DecodeAnswer
  try {
    answer = data.kind === 'htj2k' ? await decoded(data) : await drawn(data)
  } catch (error) {
    answer = { id: data.id, problem: error instanceof Error ? error.message : 'The decoder has failed.' }
  }
  const buffers = 'levels' in answer ? answer.levels.map((one) => one.data.buffer) : []
  postMessage(answer, { transfer: buffers as Transferable[] })
}

async function decoded(request: DecodeRequest): Promise<DecodeAnswer> {
  const module = await openJph
  const samples = decodeFrame(module, request.bytes, request.level)
  return { id: request.id, levels: pyramidOf(samples, request.padding), heapBytes: module.HEAPU8.length }
}

/** A PNG as the browser reads it, without a colour profile's or transparency's arithmetic. */
async function drawn(request: DecodeRequest): Promise<DecodeAnswer> {
  const picture = await createImageBitmap(new Blob([request.bytes]), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  })
  const { width, height } = picture
  const context = new OffscreenCanvas(width, height).getContext('2d')
  if (!context) throw new Error('The browser cannot read pictures in the background.')
  context.drawImage(picture, 0, 0)
  picture.close()
  const rgba = context.getImageData(0, 0, width, height).data
  const data = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    data[to] = rgba[from] as number
    data[to + 1] = rgba[from + 1] as number
    data[to + 2] = rgba[from + 2] as number
  }
  const samples: Samples = { width, height, level: 0, components: 3, data }
  return { id: request.id, levels: pyramidOf(samples, null), heapBytes: 0 }
}
