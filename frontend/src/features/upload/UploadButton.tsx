import { useRef } from 'react'
import { FolderUp, Upload } from 'lucide-react'
import { useCommands } from '@/shared/keys/commands'
import { Button, IconButton } from '@/shared/ui/Button'
import { fromInput } from './collectFiles'
import styles from './UploadButton.module.css'
import { addFiles } from './uploads'

/** Opens the system's file dialog; `u` does the same from everywhere. */
export function UploadButton() {
  const input = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  useCommands([
    {
      id: 'upload',
      title: 'Upload files',
      group: 'Everywhere',
      keys: ['u'],
      run: () => input.current?.click(),
    },
    {
      id: 'upload-folder',
      title: 'Upload a folder',
      group: 'Everywhere',
      keys: ['U'],
      run: () => folder.current?.click(),
    },
  ])

  function take(event: React.ChangeEvent<HTMLInputElement>): void {
    void addFiles(fromInput(event.target.files))
    // The same file may be chosen again.
    event.target.value = ''
  }

  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        data-testid="upload-files"
        onChange={take}
      />
      <input
        ref={folder}
        type="file"
        multiple
        hidden
        aria-label="Folder to upload"
        data-testid="upload-folder"
        onChange={take}
        {...{ webkitdirectory: '' }}
      />
      <IconButton
        label="Upload a folder"
        keys="U"
        className={styles.folder}
        onClick={() => folder.current?.click()}
      >
        <FolderUp />
      </IconButton>
      <Button
        kind="primary"
        icon={<Upload />}
        className={styles.upload}
        aria-label="Upload files"
        onClick={() => input.current?.click()}
      >
        Upload
      </Button>
    </>
  )
}
