import type { ImageDetail } from '@/shared/api/types'
import { formatDateTime } from '@/shared/format/dates'
import { isDoseReport, statusInWords } from '@/shared/format/image'
import { formatMegabytes } from '@/shared/format/numbers'
import { Notice } from '@/shared/ui/Notice'
import { Facts } from '@/shared/ui/Panel'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import { Timeline } from '@/shared/ui/Timeline'
import { Actions } from './Actions'
import { Badges, MammogramFacts } from './MammogramFacts'
import { Corrections } from './Corrections'
import styles from './FactsPanel.module.css'
import type { Picture } from './picture'
import { Tags } from './Tags'
import { TechniqueFacts } from './TechniqueFacts'
import { Warnings } from './Warnings'

interface FactsPanelProps {
  image: ImageDetail
  picture: Picture
  /** What the address of this page asks for and the image does not offer. */
  notOffered: readonly string[]
  onDeleted: () => void
}

export function FactsPanel({ image, picture, notOffered, onDeleted }: FactsPanelProps) {
  const isReport = isDoseReport(image)
  return (
    <aside className={styles.panel} aria-label="Facts">
      <div className={styles.state}>
        <StatusBadge tone={toneOf(image.status)}>{statusInWords(image.status)}</StatusBadge>
        <span className="unit">Image {image.id}</span>
      </div>
      {notOffered.length > 0 ? (
        <Notice kind="working" title="The default picture is shown">
          The address asks for {notOffered.join(' and ')}, which this image does not offer.
        </Notice>
      ) : null}
      <Badges image={image} />
      <Warnings image={image} />
      <section>
        <h2>{isReport ? 'Dose report' : 'Mammogram'}</h2>
        {isReport ? null : <Corrections image={image} />}
        <MammogramFacts image={image} />
      </section>
      <Tags image={image} />
      <TechniqueFacts image={image} />
      <section>
        <h2>File</h2>
        <FileFacts image={image} />
      </section>
      <Actions image={image} picture={picture} onDeleted={onDeleted} />
      {image.job ? (
        <section>
          <h2>What happened</h2>
          <Timeline job={image.job} />
        </section>
      ) : null}
    </aside>
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
