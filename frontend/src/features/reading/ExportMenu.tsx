import type { ReactNode } from 'react'
import { FileText, Image, Save, Table2 } from 'lucide-react'
import { Menu, MenuItem } from '@/shared/ui/Menu'
import { Keys } from '@/shared/ui/Tooltip'
import styles from './ReadingPage.module.css'
import own from './ExportMenu.module.css'
import type { ReadingActs } from './useReadingCommands'

/** What leaves the viewer as a file; each has a key of its own too. */
export function ExportMenu({ acts }: { acts: ReadingActs }) {
  const { exportMeasurements: measurements } = acts
  return (
    <Menu
      trigger={
        <button type="button" className={styles.menu} aria-label="Export" title="Export">
          <Save />
        </button>
      }
    >
      <Choice icon={<Image />} keys="s" onSelect={acts.exportPicture}>
        View as picture (PNG)
      </Choice>
      <Choice icon={<Table2 />} keys="C" onSelect={() => measurements?.('csv')} disabled={!measurements}>
        Measurements as table (CSV)
      </Choice>
      <Choice icon={<FileText />} keys="D" onSelect={() => measurements?.('dcm')} disabled={!measurements}>
        Measurements as DICOM SR
      </Choice>
    </Menu>
  )
}

interface ChoiceProps {
  icon: ReactNode
  keys: string
  onSelect: () => void
  disabled?: boolean
  children: string
}

function Choice({ icon, keys, onSelect, disabled, children }: ChoiceProps) {
  return (
    <MenuItem icon={icon} onSelect={onSelect} disabled={disabled}>
      <span className={own.words}>{children}</span>
      <Keys spec={keys} />
    </MenuItem>
  )
}
