import type { Study } from '@/shared/api/studies'
import { formatDateTime } from '@/shared/format/dates'
import { plural } from '@/shared/format/numbers'
import { Facts, Panel } from '@/shared/ui/Panel'
import { StatusBadge, type StatusTone } from '@/shared/ui/StatusBadge'
import { countsInWords } from './study'

const STATES: Record<Study['state'], { tone: StatusTone; words: string }> = {
  ready: { tone: 'ready', words: 'Ready' },
  processing: { tone: 'working', words: 'Converting' },
  troubled: { tone: 'failed', words: 'Some images have trouble' },
}

export function ExamFacts({ study }: { study: Study }) {
  const { tone, words } = STATES[study.state]
  const { missing, repeated, extra } = study.views
  return (
    <Panel title="Exam" actions={<StatusBadge tone={tone}>{words}</StatusBadge>}>
      <Facts
        facts={[
          ['Patient id', study.patientId],
          ['Patient', study.patientName],
          ['Exam', study.studyAt ? formatDateTime(study.studyAt) : 'date unknown'],
          ['Description', study.studyDescription],
          ['Accession', study.accessionNumber],
          ['Modalities', study.modalities.join(', ')],
          ['Images', `${plural(study.imageCount, 'image')}: ${countsInWords(study.statusCounts)}`],
          ['Missing', missing.join(', ')],
          ['Repeated', repeated.join(', ')],
          ['Further views', extra.join(', ')],
          ['Arrived', formatDateTime(study.createdAt)],
          ['Uploaded by', study.uploaders.map((one) => one.name).join(', ')],
        ]}
      />
    </Panel>
  )
}
