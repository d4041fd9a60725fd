import { FileText } from 'lucide-react'
import type { ImageDetail } from '@/shared/api/types'
import { EmptyState } from '@/shared/ui/EmptyState'
import { HeaderView } from './HeaderDialog'
import styles from './ReportStage.module.css'
import stage from './Stage.module.css'
import { Toolbar, type ToolbarProps } from './Toolbar'

/** A dose report has no picture: its header is what there is to read. */
export function ReportStage({ image, ...toolbar }: ToolbarProps & { image: ImageDetail }) {
  return (
    <section className={stage.stage} aria-label="Dose report">
      <Toolbar {...toolbar} controls={null} />
      <div className={styles.report} data-testid="dose-report">
        <p className={styles.lead}>
          <FileText aria-hidden="true" />
          <span>
            This object reports the dose of an exam. It has no picture; all that it states is in its header.
          </span>
        </p>
        {image.links.tags ? (
          <HeaderView image={image} />
        ) : (
          <EmptyState icon={<FileText />} title="No header is kept of this report">
            The original can be downloaded.
          </EmptyState>
        )}
      </div>
    </section>
  )
}
