import { useRef, useState } from 'react'
import { CircleUserRound } from 'lucide-react'
import type { Me } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { fetchedAhead, useLater } from '@/shared/ui/later'
import styles from './AccountMenu.module.css'

const loadActs = () => import('./AccountActs')

/** The button with one's name; what opens from it comes when it is first wanted. */
export function AccountMenu({ me, onHelp }: { me: Me; onHelp: () => void }) {
  const button = useRef<HTMLButtonElement>(null)
  const [isOpen, setOpen] = useState(false)
  const [isWanted, setWanted] = useState(false)
  const acts = useLater(loadActs, isWanted)
  function change(open: boolean): void {
    setWanted(true)
    setOpen(open)
  }
  return (
    <div className={styles.account}>
      {/* Before the button, which lies over it: the menu opens below both. */}
      {acts ? (
        <acts.AccountActs me={me} onHelp={onHelp} menu={{ button, isOpen, onOpenChange: change }} />
      ) : null}
      <Button
        ref={button}
        kind="quiet"
        className={styles.trigger}
        aria-label={`Account: ${me.user.name}`}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        icon={<CircleUserRound />}
        onPointerEnter={fetchedAhead(loadActs)}
        onFocus={fetchedAhead(loadActs)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return
          event.preventDefault()
          change(true)
        }}
        onClick={() => change(!isOpen)}
      >
        {me.user.name}
      </Button>
    </div>
  )
}
