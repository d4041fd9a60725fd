import { useState } from 'react'
import { Link } from '@tanstack/react-router'
import { ImageOff } from 'lucide-react'
import { formatCount } from '@/shared/format/numbers'
import { formatDateTimeIn } from '@/shared/format/zoned'
import { Panel } from '@/shared/ui/Panel'
import table from '@/shared/ui/Table.module.css'
import styles from './AnalyticsPage.module.css'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import type { ViewedImage } from './types'
import { countOrUnknown, fileTypeName } from './words'

interface MostViewedProps {
  images: ViewedImage[]
  tz: string
  csv: string
  title?: string
}

/** Of images that are still there; each leads to it. */
export function MostViewedPanel({ images, tz, csv, title = 'Most viewed images' }: MostViewedProps) {
  return (
    <Panel
      title={title}
      actions={
        <PanelActs>
          <CsvLink href={csv} what={title} />
        </PanelActs>
      }
    >
      {images.length === 0 ? (
        <p className={styles.empty}>No image was viewed in these days.</p>
      ) : (
        <div className={table.wrap} tabIndex={0} role="region" aria-label={`${title}, table`}>
          <table className={`${table.table} ${styles.pictures}`}>
            <thead>
              <tr>
                <th scope="col">Image</th>
                <th scope="col" className={table.number}>
                  Views
                </th>
                <th scope="col" className={table.number}>
                  Viewers
                </th>
                <th scope="col">Last viewed</th>
              </tr>
            </thead>
            <tbody>
              {images.map((image) => (
                <Row key={image.imageId} image={image} tz={tz} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function Row({ image, tz }: { image: ViewedImage; tz: string }) {
  const chip = [image.laterality, image.viewPosition].filter(Boolean).join(' ')
  return (
    <tr data-testid="most-viewed-row">
      <td>
        <Link
          to="/images/$imageId"
          params={{ imageId: String(image.imageId) }}
          className={styles.picture}
          title={image.originalName}
        >
          <Picture address={image.links.thumbnail256} />
          <span className={table.clip}>
            {chip ? <strong>{chip} </strong> : null}
            {image.originalName}
          </span>
          <span className="unit">{fileTypeName(image.fileType)}</span>
        </Link>
      </td>
      <td className={table.number}>{formatCount(image.views)}</td>
      <td className={table.number}>{countOrUnknown(image.viewers)}</td>
      <td>{image.lastViewedAt === null ? 'unknown' : formatDateTimeIn(image.lastViewedAt, tz)}</td>
    </tr>
  )
}

/** The box has its size before the picture is there, and keeps it when none comes. */
function Picture({ address }: { address: string | null }) {
  const [isBroken, setBroken] = useState(false)
  return (
    <span className={styles.thumb}>
      {address === null || isBroken ? (
        <ImageOff aria-hidden="true" />
      ) : (
        <img src={address} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
      )}
    </span>
  )
}
