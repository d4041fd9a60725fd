import { expect, test } from 'vitest'
import type { Acquisition, ImageDetail } from '@/shared/api/types'
import {
  DEFAULT_PICTURE,
  isDefaultPicture,
  isServedElsewhere,
  middleFrame,
  ownPictureAddress,
  pictureAddress,
  pictureInWords,
  pictureName,
  readPicture,
  readPictureSearch,
  sixteenBitAddress,
  toPictureSearch,
} from './picture'

const acquisition = {
  hasOverlays: true,
  voiCandidates: [
    {
      id: 'window-1',
      explanation: 'NORMAL',
      function: 'SIGMOID',
      center: 2047,
      width: 2252,
      isDefault: true,
    },
    { id: 'lut-2', explanation: 'HARDER', function: null, center: null, width: null, isDefault: false },
  ],
} as unknown as Acquisition
const image = {
  acquisition,
  numberOfFrames: 60,
  links: { png: '/api/images/7/png?v=2' },
} as unknown as ImageDetail

test('the address bar is read leniently and only what is well-formed stays', () => {
  expect(readPictureSearch({ voi: 'lut-2', frame: '3', overlays: 'true', q: 'x' })).toEqual({
    voi: 'lut-2',
    frame: 3,
    overlays: true,
  })
  expect(readPictureSearch({ voi: '../x', frame: '0', overlays: 'maybe' })).toEqual({})
  expect(readPictureSearch({ voi: '', frame: '' })).toEqual({})
  expect(readPictureSearch({ frame: '1.5' })).toEqual({})
})

test('the default is the default, whether it is named or left out', () => {
  const { picture, notOffered } = readPicture(image, { voi: 'window-1', frame: 31 })
  expect(picture).toEqual(DEFAULT_PICTURE)
  expect(isDefaultPicture(picture)).toBe(true)
  expect(notOffered).toEqual([])
  expect(pictureAddress(image, picture)).toBe('/api/images/7/png?v=2')
})

test('a signed link leads to the default picture alone; everything else comes from our own server', () => {
  const png = 'https://pictures.clinic.example/renditions/7/png8/2/1795507200/c2lnbmVk'
  const signed = { ...image, links: { self: '/api/images/7', png } } as unknown as ImageDetail
  expect(pictureAddress(signed, DEFAULT_PICTURE)).toBe(png)
  expect(isServedElsewhere(png)).toBe(true)
  expect(ownPictureAddress(signed, DEFAULT_PICTURE)).toBe('/api/images/7/png')
  expect(pictureAddress(signed, { ...DEFAULT_PICTURE, frame: 3 })).toBe('/api/images/7/png?frame=3')
  expect(sixteenBitAddress(signed, DEFAULT_PICTURE)).toBe('/api/images/7/png?bits=16')
  expect(isServedElsewhere('/api/images/7/png?v=2')).toBe(false)
})

test('the middle of an even number of frames is the one that the server shows', () => {
  expect(middleFrame({ numberOfFrames: 60 })).toBe(31)
  expect(middleFrame({ numberOfFrames: 3 })).toBe(2)
  expect(middleFrame({ numberOfFrames: null })).toBe(1)
})

test('another picture has an address with the version of the link', () => {
  const { picture } = readPicture(image, { voi: 'lut-2', frame: 3, overlays: true })
  expect(pictureAddress(image, picture)).toBe('/api/images/7/png?v=2&voi=lut-2&frame=3&overlays=true')
  expect(sixteenBitAddress(image, picture)).toBe('/api/images/7/png?v=2&bits=16&frame=3')
  expect(readPictureSearch(toPictureSearch(picture) as Record<string, unknown>)).toEqual({
    voi: 'lut-2',
    frame: 3,
    overlays: true,
  })
})

test('what the image does not offer is named, and the default shown', () => {
  const plain = { acquisition: null, numberOfFrames: null }
  const { picture, notOffered } = readPicture(plain, { voi: 'lut-9', frame: 4, overlays: true })
  expect(picture).toEqual(DEFAULT_PICTURE)
  expect(notOffered).toEqual(['the grey scale “lut-9”', 'frame 4', 'overlays'])
})

test('a picture says in words how it differs', () => {
  const { picture } = readPicture(image, { voi: 'lut-2', frame: 3, overlays: true })
  expect(pictureInWords(image, picture)).toEqual(['LUT 2 · HARDER', 'frame 3 of 60', 'overlays'])
  expect(pictureName(image, DEFAULT_PICTURE)).toBe('NORMAL (default), frame 31 of 60')
})

test('without a picture there is no address', () => {
  const report = { links: { ...image.links, png: null } }
  expect(pictureAddress(report, DEFAULT_PICTURE)).toBeNull()
  expect(sixteenBitAddress(report, DEFAULT_PICTURE)).toBeNull()
})
