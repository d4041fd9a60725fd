import { useState } from 'react'
import { Button } from '@/shared/ui/Button'
import { Dialog } from '@/shared/ui/Dialog'
import { cardOutline, CARD_MM, NOMINAL_PIXELS_PER_MM, nudged } from '@/viewer/hanging'
import styles from './TrueSizeDialog.module.css'

interface TrueSizeDialogProps {
  isOpen: boolean
  known: number | null
  onDone: (pixelsPerMm: number) => void
  onClose: () => void
}

const FINE_PIXELS = 1
const COARSE_PIXELS = 10

/** No browser tells how large a millimetre of its glass is: its reader lays a card on it. Once for each screen. */
export function TrueSizeDialog({ isOpen, known, onDone, onClose }: TrueSizeDialogProps) {
  const [pixelsPerMm, setPixelsPerMm] = useState(known ?? NOMINAL_PIXELS_PER_MM)
  const { width, height } = cardOutline(pixelsPerMm)
  const nudge = (by: number) => setPixelsPerMm((value) => nudged(value, by))
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title="True size on this screen"
      description={`Lay a bank card on the glass (${CARD_MM.width} × ${CARD_MM.height} mm) and make the outline fit it.`}
      isWide
    >
      <div className={styles.glass}>
        <div className={styles.card} style={{ width, height }} />
      </div>
      <div className={styles.buttons} role="group" aria-label="Width of the outline">
        <Button onClick={() => nudge(-COARSE_PIXELS)}>Much narrower</Button>
        <Button onClick={() => nudge(-FINE_PIXELS)}>Narrower</Button>
        <output>{pixelsPerMm.toFixed(2)} pixels/mm</output>
        <Button onClick={() => nudge(FINE_PIXELS)}>Wider</Button>
        <Button onClick={() => nudge(COARSE_PIXELS)}>Much wider</Button>
      </div>
      <Button kind="primary" onClick={() => onDone(pixelsPerMm)}>
        It fits
      </Button>
    </Dialog>
  )
}
