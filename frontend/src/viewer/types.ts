/** Words that every part of the viewer shares. The wire shapes come from the server's own description. */
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

export type ExamViewing = Schemas['ExamViewing']
export type ViewingImage = Schemas['ViewingImage']
export type ViewingSpacing = Schemas['ViewingSpacing']
export type GreyScale = Schemas['GreyScale']
export type VoiTransformation = Schemas['VoiTransformation']

/**
 * Image coordinates: x to the right along a row, y down a column of the stored frame, in pixels; (0, 0) is the outer
 * corner of the first pixel, so that its centre is (0.5, 0.5) (as SCOORD in PS3.3 C.18.6.1). Pane coordinates: CSS
 * pixels from the pane's upper left corner.
 */
export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** CSS pixels within the viewer's stage. */
export interface Rect extends Size {
  readonly left: number
  readonly top: number
}

/** A turn in steps, clockwise in degrees, and then a mirror about the vertical: all eight ways to lay a picture. */
export interface Orientation {
  readonly rotation: 0 | 90 | 180 | 270
  readonly isMirrored: boolean
}

/** How an image stands in its pane. */
export interface Camera {
  /** The image point that lies in the middle of the pane. */
  readonly centre: Point
  /** CSS pixels per image pixel along a row. */
  readonly scale: number
  /** Height of an image pixel over its width: row spacing over column spacing; 1 where pixels are square. */
  readonly aspect: number
  readonly orientation: Orientation
}

/** Grey of a pane as its reader set it: which transformation of the file, how it was moved, whether it is inverted. */
export interface Tone {
  /** The id of one of `greyScale.voi`. */
  readonly voiId: string
  /** A window set by hand instead of that of the file; null: as the file says. In modality values. */
  readonly window: { readonly center: number; readonly width: number } | null
  readonly isInverted: boolean
}

/** How much of a frame has come: nothing, a picture at less resolution, every pixel, or it will not come. */
export type FrameState = 'waiting' | 'preview' | 'full' | 'failed'

/** Decoded samples of one frame at one resolution, rows first; colour is RGB, interleaved. */
export interface Samples extends Size {
  /** 0: full resolution; n: halved n times. */
  readonly level: number
  readonly components: 1 | 3
  readonly data: Uint8Array | Int8Array | Uint16Array | Int16Array
}
