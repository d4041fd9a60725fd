import { Ellipsis, ImageUp, Pencil } from 'lucide-react'
import { Menu, MenuItem } from '@/shared/ui/Menu'
import styles from './acts.module.css'

interface MoreActsProps {
  isBusy: boolean
  onRemake: () => void
  onCorrect: () => void
}

/** What is done to a selection more seldom. */
export function MoreActs({ isBusy, onRemake, onCorrect }: MoreActsProps) {
  return (
    <Menu
      trigger={
        <button type="button" className={styles.more} aria-label="More for the selection" disabled={isBusy}>
          <Ellipsis aria-hidden="true" />
        </button>
      }
    >
      <MenuItem icon={<Pencil />} onSelect={onCorrect}>
        Correct side and view
      </MenuItem>
      <MenuItem icon={<ImageUp />} onSelect={onRemake}>
        Make the pictures again
      </MenuItem>
    </Menu>
  )
}
