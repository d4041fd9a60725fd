import { useEffect, useRef, useState } from 'react'
import { FileDown, X } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { askForRendition } from '@/shared/api/images'
import type { ImageDetail } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import styles from './FactsPanel.module.css'
import { frameCount, middleFrame, type Picture, sixteenBitAddress } from './picture'
import { followRendition, pause, type Rendition } from './rendition'
import { RetryRendition } from './RetryRendition'

interface SixteenBitButtonProps {
  image: ImageDetail
  picture: Picture
}

/** Orders the values before any grey scale, waits until they are there, and hands them to the browser. */
export function SixteenBitButton({ image, picture }: SixteenBitButtonProps) {
  const [order, setOrder] = useState<Rendition | null>(null)
  const end = useRef<AbortController>(null)
  useEffect(() => () => end.current?.abort(), [])
  const address = sixteenBitAddress(image, picture)
  const frame = frameCount(image) > 1 ? (picture.frame ?? middleFrame(image)) : null

  function start(from: string): void {
    const { signal } = (end.current = new AbortController())
    setOrder({ at: 'asking' })
    function tell(rendition: Rendition): void {
      setOrder(rendition.at === 'ready' ? null : rendition)
      if (rendition.at === 'ready') download(from, nameOf(image.id, frame))
    }
    void followRendition({ ask: (signal) => askForRendition(from, signal), pause, tell, signal })
  }
  function cancel(): void {
    end.current?.abort()
    setOrder(null)
  }

  if (!isGrey(image) || address === null) return null
  const words = `16-bit PNG (modality values${frame === null ? '' : `, frame ${frame}`})`
  if (order?.at === 'refused') {
    return (
      <Notice
        kind="failed"
        title="The 16-bit PNG could not be made"
        action={<RetryRendition problem={order.problem} onAgain={() => start(address)} />}
      >
        {messageOf(order.problem)}
      </Notice>
    )
  }
  return order === null ? (
    <Button icon={<FileDown />} onClick={() => start(address)}>
      {words}
    </Button>
  ) : (
    <span className={styles.making} role="status">
      <Button icon={<FileDown />} isBusy>
        16-bit PNG: being made…
      </Button>
      <Button kind="quiet" icon={<X />} onClick={cancel}>
        Cancel
      </Button>
    </span>
  )
}

function isGrey(image: ImageDetail): boolean {
  return image.dicom?.photometricInterpretation?.startsWith('MONOCHROME') ?? false
}

function nameOf(imageId: number, frame: number | null): string {
  return frame === null ? `${imageId}-16-bit.png` : `${imageId}-frame-${frame}-16-bit.png`
}

function download(address: string, name: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
}
