import { useEffect, useState } from 'react'
import { Upload } from 'lucide-react'
import { fromDrop } from './collectFiles'
import styles from './DropZone.module.css'
import { addFiles } from './uploads'

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

/** Files may be dropped anywhere on the page. */
export function DropZone() {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
    // Enter and leave fire for every element under the pointer: the depth tells when the page itself is left.
    let depth = 0
    function enter(event: DragEvent): void {
      if (!carriesFiles(event)) return
      event.preventDefault()
      depth += 1
      setOver(true)
    }
    function over(event: DragEvent): void {
      if (carriesFiles(event)) event.preventDefault()
    }
    function leave(event: DragEvent): void {
      if (!carriesFiles(event)) return
      depth = Math.max(0, depth - 1)
      if (depth === 0) setOver(false)
    }
    function drop(event: DragEvent): void {
      if (!carriesFiles(event) || !event.dataTransfer) return
      event.preventDefault()
      depth = 0
      setOver(false)
      void fromDrop(event.dataTransfer, addFiles)
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragover', over)
    window.addEventListener('dragleave', leave)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragover', over)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('drop', drop)
    }
  }, [])
  if (!isOver) return null
  return (
    <div className={styles.zone} data-testid="drop-zone">
      <div className={styles.words}>
        <Upload aria-hidden="true" />
        <strong>Drop to upload</strong>
        <span>DICOM, PNG, JPEG, TIFF, ZIP files or whole folders</span>
      </div>
    </div>
  )
}
