import type { ImageDetail } from '@/shared/api/types'
import { defaultGreyScale, greyScaleLabel } from './greyScale'

/** Which picture of an image its address asks for; what is left out is the default one. */
export interface PictureSearch {
  voi?: string
  frame?: number
  overlays?: boolean
}

/** The same, checked against what the image offers. Null is the default: the file's own grey scale, the middle. */
export interface Picture {
  voi: string | null
  frame: number | null
  overlays: boolean
}

export const DEFAULT_PICTURE: Picture = { voi: null, frame: null, overlays: false }

/** Keeps what is well-formed; anything else in a URL is ignored rather than an error page. */
export function readPictureSearch(search: Record<string, unknown>): PictureSearch {
  const read: PictureSearch = {}
  if (typeof search.voi === 'string' && /^[a-z]+-\d{1,4}$/.test(search.voi)) read.voi = search.voi
  const frame = Number(search.frame)
  if (search.frame !== '' && Number.isSafeInteger(frame) && frame >= 1) read.frame = frame
  if (search.overlays === true || search.overlays === 'true') read.overlays = true
  return read
}

type Offering = Pick<ImageDetail, 'acquisition' | 'numberOfFrames'>

export function frameCount(image: Pick<ImageDetail, 'numberOfFrames'>): number {
  return Math.max(1, image.numberOfFrames ?? 1)
}

/** The frame that stands for the whole, counted from 1. */
export function middleFrame(image: Pick<ImageDetail, 'numberOfFrames'>): number {
  return Math.floor(frameCount(image) / 2) + 1
}

export interface ReadPicture {
  picture: Picture
  /** What the URL asks for and the image does not offer, in words: the default is shown in its place. */
  notOffered: string[]
}

export function readPicture(image: Offering, search: PictureSearch): ReadPicture {
  const picture: Picture = { ...DEFAULT_PICTURE }
  const notOffered: string[] = []
  if (search.voi !== undefined) {
    const found = image.acquisition?.voiCandidates.find((candidate) => candidate.id === search.voi)
    if (!found) notOffered.push(`the grey scale “${search.voi}”`)
    else if (!found.isDefault) picture.voi = found.id
  }
  if (search.frame !== undefined) {
    if (search.frame > frameCount(image)) notOffered.push(`frame ${search.frame}`)
    else if (search.frame !== middleFrame(image)) picture.frame = search.frame
  }
  if (search.overlays) {
    if (image.acquisition?.hasOverlays) picture.overlays = true
    else notOffered.push('overlays')
  }
  return { picture, notOffered }
}

/** For the URL: the default is left out, so that one picture has one address. */
export function toPictureSearch(picture: Picture): PictureSearch {
  return {
    voi: picture.voi ?? undefined,
    frame: picture.frame ?? undefined,
    overlays: picture.overlays || undefined,
  }
}

export function isDefaultPicture(picture: Picture): boolean {
  return picture.voi === null && picture.frame === null && !picture.overlays
}

/** Where the picture is, or will be once somebody asks for it; null while the image has none. */
export function pictureAddress(image: Pick<ImageDetail, 'links'>, picture: Picture): string | null {
  return isDefaultPicture(picture) ? image.links.png : ownPictureAddress(image, picture)
}

/** The same from our own server, which counts it as a view: a signed link leads elsewhere and to the default alone. */
export function ownPictureAddress(image: Pick<ImageDetail, 'links'>, picture: Picture): string | null {
  const link = ownLink(image)
  return link === null ? null : extended(link, { ...toPictureSearch(picture) })
}

/** Whether nobody but this page can say that the picture is being looked at. */
export function isServedElsewhere(address: string): boolean {
  return !address.startsWith('/')
}

function ownLink({ links }: Pick<ImageDetail, 'links'>): string | null {
  return links.png === null || !isServedElsewhere(links.png) ? links.png : `${links.self}/png`
}

/** 16 bits hold the modality values: no grey scale and no overlays belong to them. */
export function sixteenBitAddress(image: Pick<ImageDetail, 'links'>, picture: Picture): string | null {
  const link = ownLink(image)
  return link === null ? null : extended(link, { bits: 16, frame: picture.frame ?? undefined })
}

/** The version in the link stays: with it the browser keeps the picture. */
function extended(link: string, more: Record<string, string | number | boolean | undefined>): string {
  const [path = '', query = ''] = link.split('?')
  const search = new URLSearchParams(query)
  for (const [name, value] of Object.entries(more)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

/** What makes this picture another than the default one, each in words; also the frame, if there are several. */
export function pictureInWords(image: Offering, picture: Picture): string[] {
  const words: string[] = []
  const candidate = image.acquisition?.voiCandidates.find((one) => one.id === picture.voi)
  if (candidate) words.push(greyScaleLabel(candidate))
  const count = frameCount(image)
  if (count > 1) words.push(`frame ${picture.frame ?? middleFrame(image)} of ${count}`)
  if (picture.overlays) words.push('overlays')
  return words
}

/** For sentences; never empty. */
export function pictureName(image: Offering, picture: Picture): string {
  const words = pictureInWords(image, picture)
  if (picture.voi === null) words.unshift(defaultGreyScale(image.acquisition))
  return words.join(', ')
}
