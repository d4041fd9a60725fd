import { useState } from 'react'
import { Link } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { Download, FileCode, ImageDown, Trash2 } from 'lucide-react'
import { announceImages } from '@/shared/api/imageEvents'
import { deleteImage } from '@/shared/api/images'
import { meQuery, queryClient } from '@/shared/api/queries'
import type { ImageDetail } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import {
  hasEstimatedWindow,
  sideInWords,
  sourceInWords,
  statusInWords,
  warningInWords,
  windowInWords,
} from '@/shared/format/image'
import { formatCount, formatMegabytes } from '@/shared/format/numbers'
import { Button, buttonClass } from '@/shared/ui/Button'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { Notice } from '@/shared/ui/Notice'
import { Facts } from '@/shared/ui/Panel'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import { toast } from '@/shared/ui/Toasts'
import styles from './FactsPanel.module.css'
import { HeaderDialog } from './HeaderDialog'
import { Timeline } from './Timeline'

export function FactsPanel({ image, onDeleted }: { image: ImageDetail; onDeleted: () => void }) {
  const [isHeaderOpen, setHeaderOpen] = useState(false)
  return (
    <aside className={styles.panel} aria-label="Facts">
      <div className={styles.state}>
        <StatusBadge tone={toneOf(image.status)}>{statusInWords(image.status)}</StatusBadge>
        <span className="unit">Image {image.id}</span>
      </div>
      <Warnings image={image} />
      <section>
        <h2>Mammogram</h2>
        <MammogramFacts image={image} />
      </section>
      <section>
        <h2>File</h2>
        <FileFacts image={image} />
      </section>
      <Actions image={image} onHeader={() => setHeaderOpen(true)} onDeleted={onDeleted} />
      {image.job ? (
        <section>
          <h2>What happened</h2>
          <Timeline job={image.job} />
        </section>
      ) : null}
      {isHeaderOpen ? <HeaderDialog image={image} onClose={() => setHeaderOpen(false)} /> : null}
    </aside>
  )
}

const SAID_ABOVE = new Set(['for_processing'])

function Warnings({ image }: { image: ImageDetail }) {
  return (
    <>
      {image.conflictsWith === null ? null : (
        <Notice kind="working" title="Another image has the same SOP Instance UID">
          The pixels or the header differ, so both are kept. Compare with{' '}
          <Link to="/images/$imageId" params={{ imageId: String(image.conflictsWith) }}>
            image {image.conflictsWith}
          </Link>
          .
        </Notice>
      )}
      {image.presentationIntentType === 'FOR PROCESSING' ? (
        <Notice kind="working" title="FOR PROCESSING">
          Raw data of the detector: not meant for reading.
        </Notice>
      ) : null}
      {hasEstimatedWindow(image) ? (
        <Notice kind="working">No window in the file: shown with an estimated one.</Notice>
      ) : null}
      {image.warnings
        .filter((code) => !SAID_ABOVE.has(code))
        .map((warning) => (
          <Notice key={warning} kind="plain">
            {warningInWords(warning)}
          </Notice>
        ))}
    </>
  )
}

function WithSource({ value, source }: { value: string | null; source: string | null }) {
  if (value === null) return null
  const words = sourceInWords(source)
  return (
    <>
      {value} {words ? <span className="unit">{words}</span> : null}
    </>
  )
}

function MammogramFacts({ image }: { image: ImageDetail }) {
  const size =
    image.columns && image.rows ? `${formatCount(image.columns)} × ${formatCount(image.rows)}` : null
  return (
    <Facts
      facts={[
        [
          'Side',
          image.laterality ? (
            <WithSource
              key="side"
              value={`${image.laterality}, ${sideInWords(image.laterality)}`}
              source={image.lateralitySource}
            />
          ) : (
            'unknown'
          ),
        ],
        [
          'View',
          image.viewPosition ? (
            <WithSource key="view" value={image.viewPosition} source={image.viewPositionSource} />
          ) : (
            'unknown'
          ),
        ],
        ['Patient id', image.patientId],
        ['Patient', image.patientName],
        ['Acquired', image.acquiredAt ? formatDateTime(image.acquiredAt) : null],
        ['Modality', image.modality],
        ['Exam', image.study?.studyDescription],
        ['Accession', image.study?.accessionNumber],
        ['Series', image.series?.seriesDescription],
        ['Device', [image.series?.manufacturer, image.series?.stationName].filter(Boolean).join(', ')],
        [
          'Size',
          size ? (
            <>
              {size} <span className="unit">px</span>
            </>
          ) : null,
        ],
        ['Frames', (image.numberOfFrames ?? 1) > 1 ? String(image.numberOfFrames) : null],
        ['Bits', image.dicom?.bitsStored ? String(image.dicom.bitsStored) : null],
        ['Greyscale', image.dicom?.photometricInterpretation],
        ['Window', windowInWords(image.voiSource)],
        ['Intent', image.presentationIntentType],
      ]}
    />
  )
}

function FileFacts({ image }: { image: ImageDetail }) {
  return (
    <Facts
      facts={[
        ['Name', image.originalName],
        ['Type', image.fileType.toUpperCase()],
        ['Size', formatMegabytes(image.byteCount)],
        ['Uploaded', formatDateTime(image.createdAt)],
        ['By', image.uploaderName],
        ['Transfer syntax', image.dicom?.transferSyntaxUid],
        ['SHA-256', <code key="sha256">{image.sha256}</code>],
      ]}
    />
  )
}

interface ActionsProps {
  image: ImageDetail
  onHeader: () => void
  onDeleted: () => void
}

function Actions({ image, onHeader, onDeleted }: ActionsProps) {
  const [isAsking, setAsking] = useState(false)
  const { data: me } = useQuery(meQuery)
  const mayDelete =
    me !== null &&
    me !== undefined &&
    (me.capabilities.administer || (me.capabilities.upload && me.user.id === image.userId))
  return (
    <div className={styles.actions}>
      <a
        className={buttonClass()}
        href={`${image.links.file.split('?')[0]}?download=true`}
        download={image.originalName}
      >
        <Download aria-hidden="true" />
        Original
      </a>
      {image.links.png ? (
        <a className={buttonClass()} href={image.links.png} download={`${image.id}.png`}>
          <ImageDown aria-hidden="true" />
          PNG
        </a>
      ) : null}
      {image.fileType === 'dicom' && image.links.tags ? (
        <Button icon={<FileCode />} onClick={onHeader}>
          DICOM header
        </Button>
      ) : null}
      {mayDelete ? (
        <Button kind="danger" icon={<Trash2 />} onClick={() => setAsking(true)}>
          Delete
        </Button>
      ) : null}
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Delete this image?"
        confirmLabel="Delete"
        onConfirm={async () => {
          await deleteImage(image.id)
          announceImages({ kind: 'deleted', imageIds: [image.id] })
          toast(`${image.originalName} is deleted.`)
          onDeleted()
          queryClient.removeQueries({ queryKey: ['neighbours'] })
        }}
      >
        <strong>{image.originalName}</strong> and all that was made of it are deleted, the original too. This
        cannot be undone.
      </ConfirmDialog>
    </div>
  )
}
