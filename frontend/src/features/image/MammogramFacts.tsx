import type { ReactNode } from 'react'
import type { ImageDetail } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { hasEstimatedWindow, isDoseReport, windowInWords } from '@/shared/format/image'
import { formatCount } from '@/shared/format/numbers'
import { Facts } from '@/shared/ui/Panel'
import styles from './FactsPanel.module.css'
import { defaultGreyScale } from './greyScale'
import { badgesOf } from './technique'

/** What a reader should know before looking: a spot view, an implant, a phantom. */
export function Badges({ image }: { image: ImageDetail }) {
  const badges = badgesOf(image.acquisition)
  if (badges.length === 0) return null
  return (
    <ul className={styles.badges} aria-label="About this view">
      {badges.map((badge) => (
        <li key={badge}>{badge}</li>
      ))}
    </ul>
  )
}

export function MammogramFacts({ image }: { image: ImageDetail }) {
  const exam: [string, ReactNode][] = [
    ['Patient id', image.patientId],
    ['Patient', image.patientName],
    ['Acquired', image.acquiredAt ? formatDateTime(image.acquiredAt) : null],
    ['Modality', image.modality],
    ['Exam', image.study?.studyDescription],
    ['Accession', image.study?.accessionNumber],
    ['Series', image.series?.seriesDescription],
    ['Device', [image.series?.manufacturer, image.series?.stationName].filter(Boolean).join(', ')],
  ]
  return <Facts facts={isDoseReport(image) ? exam : [...exam, ...pixelFacts(image)]} />
}

function pixelFacts(image: ImageDetail): [string, ReactNode][] {
  const size =
    image.columns && image.rows ? (
      <>
        {formatCount(image.columns)} × {formatCount(image.rows)} <span className="unit">px</span>
      </>
    ) : null
  return [
    ['Size', size],
    ['Frames', (image.numberOfFrames ?? 1) > 1 ? String(image.numberOfFrames) : null],
    ['Bits', image.dicom?.bitsStored ? String(image.dicom.bitsStored) : null],
    ['Photometric', image.dicom?.photometricInterpretation],
    ['Grey scale', greyScaleInWords(image)],
    ['Intent', image.presentationIntentType],
  ]
}

/** "NORMAL (default), from Window Center and Width"; what the default picture was made with. */
function greyScaleInWords(image: ImageDetail): ReactNode {
  const words = windowInWords(image.voiSource)
  if (words === null) return null
  if (hasEstimatedWindow(image)) return 'none in the file; estimated'
  if (!image.acquisition?.voiCandidates.length) return words
  return (
    <>
      {defaultGreyScale(image.acquisition)} <span className="unit">from {words}</span>
    </>
  )
}
