import { useState } from 'react'
import { Check, Copy } from 'lucide-react'
import { Button } from '@/shared/ui/Button'
import styles from './CopySecret.module.css'

/** A secret that is shown once, to be taken away. */
export function CopySecret({ secret, testId }: { secret: string; testId: string }) {
  const [isCopied, setCopied] = useState(false)
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(secret)
      setCopied(true)
    } catch {
      // Without a secure context there is no clipboard: the text can still be selected.
      setCopied(false)
    }
  }
  return (
    <div className={styles.secret}>
      <code data-testid={testId}>{secret}</code>
      <Button icon={isCopied ? <Check /> : <Copy />} onClick={() => void copy()}>
        {isCopied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  )
}
