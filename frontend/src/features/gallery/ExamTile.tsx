import { memo, useState } from 'react'
import { Link } from '@tanstack/react-router'
import { ImageOff } from 'lucide-react'
import type { Study, StudyFilters, StudyImage } from '@/shared/api/studies'
import { formatDate } from '@/shared/format/dates'
import { sideAndView, statusInWords } from '@/shared/format/image'
import { plural } from '@/shared/format/numbers'
import { StatusBadge, toneOf } from '@/shared/ui/StatusBadge'
import { chipsOf, describeExam, placesOf, standingOf } from './exam'
import styles from './ExamTile.module.css'
import { Thumbnail } from './Thumbnail'

/** Two pictures wide, two high; four lines of words below. */
export const EXAM_GRID = {
  tileWidth: 300,
  fewestColumns: 1,
  pictureHeight: (width: number) => width * 1.2,
  captionEm: 5.75,
}

interface ExamTileProps {
  study: Study
  filters: StudyFilters
  width: number
}

/** One exam: its four pictures as they hang, whose it is, when, and what is odd about it. */
export const ExamTile = memo(function ExamTile({ study, filters, width }: ExamTileProps) {
  const standing = standingOf(study)
  const when = study.studyAt ?? study.createdAt
  return (
    <Link
      to="/studies/$studyId"
      params={{ studyId: String(study.id) }}
      search={filters}
      className={styles.exam}
      preload={false}
      draggable={false}
      data-testid="exam-tile"
      data-state={study.state}
      aria-label={describeExam(study)}
    >
      <span className={styles.light}>
        {placesOf(study).map(({ slot, image }, index) => (
          <Place
            key={image?.id ?? `${slot}${index}`}
            slot={slot}
            image={image}
            half={index % 2 === 0 ? 'left' : 'right'}
            width={width / 2}
          />
        ))}
      </span>
      <span className={styles.words}>
        <span className={styles.who}>
          <strong>{study.patientId ?? `Exam ${study.id}`}</strong>
          {study.patientName ? <span>{study.patientName}</span> : null}
        </span>
        <span className={styles.facts}>
          <time dateTime={when}>{study.studyAt ? formatDate(when) : `came ${formatDate(when)}`}</time>
          {` · ${plural(study.imageCount, 'image')}`}
          {study.modalities.length > 0 ? ` · ${study.modalities.join(', ')}` : ''}
        </span>
        <span className={styles.chips}>
          {standing ? <StatusBadge tone={standing.tone}>{standing.words}</StatusBadge> : null}
          {chipsOf(study).map((chip) => (
            <span key={chip} className={styles.chip}>
              {chip}
            </span>
          ))}
        </span>
      </span>
    </Link>
  )
})

interface PlaceProps {
  slot: string
  image: StudyImage | null
  half: 'left' | 'right'
  width: number
}

function Place({ slot, image, half, width }: PlaceProps) {
  const [isBroken, setBroken] = useState(false)
  const name = image ? (sideAndView(image) ?? slot) : slot
  const hasPicture = image?.status === 'ready' && image.links.thumbnail256 !== null && !isBroken
  return (
    <span className={styles.place} data-half={half} data-empty={image === null || undefined}>
      {hasPicture ? <Thumbnail image={image} width={width} onBroken={() => setBroken(true)} /> : null}
      {image && !hasPicture ? (
        <span className={styles.standing}>
          {isBroken ? (
            <ImageOff aria-label="The picture could not be loaded" />
          ) : (
            <StatusBadge tone={toneOf(image.status)}>{statusInWords(image.status)}</StatusBadge>
          )}
        </span>
      ) : null}
      {name ? <span className={styles.slot}>{image ? name : `No ${name}`}</span> : null}
    </span>
  )
}

export function ExamSkeleton() {
  return (
    <span className={styles.exam} aria-hidden="true">
      <span className={`${styles.light} ${styles.unread}`} />
    </span>
  )
}
