/** Images for the tests of hanging: a left CC of a common detector, and what is asked for instead. */
import type { ViewingImage } from '@/viewer/types'

export type Wanted = Partial<Omit<ViewingImage, 'spacing'>> & { spacing?: Partial<ViewingImage['spacing']> }

let given = 0

/** As units write it for an unturned picture. */
export function usualOrientation(side: string | null, view: string | null): string[] | null {
  if (side !== 'R' && side !== 'L') return null
  const inward = side === 'R' ? 'L' : 'R'
  const down = view === 'CC' ? inward : view === 'MLO' ? `F${inward}` : 'F'
  return [side === 'R' ? 'P' : 'A', down]
}

export function anImage(wanted: Wanted = {}): ViewingImage {
  given += 1
  const id = wanted.id ?? given
  const laterality = wanted.laterality === undefined ? 'L' : wanted.laterality
  const viewPosition = wanted.viewPosition === undefined ? 'CC' : wanted.viewPosition
  const links = { self: `/api/images/${id}`, file: '', png: null, thumbnail256: null, thumbnail512: null }
  return {
    status: 'ready',
    reasonCode: null,
    reason: null,
    fileType: 'dicom',
    objectKind: 'image',
    originalName: `${id}.dcm`,
    createdAt: '2026-11-23T09:00:00Z',
    studyId: 1,
    studyInstanceUid: '2.25.1',
    seriesInstanceUid: '2.25.2',
    seriesDescription: null,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.2',
    sopInstanceUid: `2.25.3.${id}`,
    instanceNumber: id,
    conflictsWith: null,
    modality: 'MG',
    lateralitySource: 'ImageLaterality',
    viewPositionSource: 'ViewCodeSequence',
    viewModifiers: [],
    patientOrientation: usualOrientation(laterality, viewPosition),
    presentationIntentType: 'FOR PRESENTATION',
    acquiredAt: '2026-11-23T09:00:00Z',
    manufacturer: null,
    stationName: null,
    rows: 4096,
    columns: 3328,
    numberOfFrames: 1,
    frameTimeMs: null,
    photometricInterpretation: 'MONOCHROME2',
    bitsStored: 12,
    isColour: false,
    lossy: false,
    lossyRatio: null,
    hasOverlays: false,
    breastImplantPresent: false,
    partialView: false,
    qualityControlImage: false,
    technique: null,
    greyScale: null,
    voiSource: 'window',
    warnings: [],
    links: { ...links, tags: null, metadata: null, frames: null, greyScale: null, views: '' },
    ...wanted,
    id,
    laterality,
    viewPosition,
    spacing: {
      rowMm: 0.07,
      columnMm: 0.07,
      basis: 'detector',
      magnification: null,
      label: 'at detector',
      ...wanted.spacing,
    },
  }
}

/** "R CC" and so on, one image each. */
export function anExam(...views: string[]): ViewingImage[] {
  return views.map((view) => {
    const [laterality = null, viewPosition = null] = view.split(' ')
    return anImage({ laterality, viewPosition })
  })
}
