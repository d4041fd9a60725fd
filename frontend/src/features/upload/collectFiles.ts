import type { NamedFile } from './uploads'

/** Files that operating systems put beside images; sending them would only make refusals. */
const NOT_WORTH_SENDING = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini'])

const HANDED_ON_AT_ONCE = 200

export function fromInput(list: FileList | null): NamedFile[] {
  return [...(list ?? [])]
    .filter((file) => !NOT_WORTH_SENDING.has(file.name))
    .map((file) => ({ file, name: file.name }))
}

/**
 * All files of a drop, folders walked to their ends and handed on as they are found. The entries must be read before
 * the event returns.
 */
export async function fromDrop(
  transfer: DataTransfer,
  take: (found: readonly NamedFile[]) => unknown,
): Promise<void> {
  const open = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null)
    .reverse()
  if (open.length === 0) {
    take(fromInput(transfer.files))
    return
  }
  let found: NamedFile[] = []
  for (let entry = open.pop(); entry; entry = open.pop()) {
    if (isFile(entry)) {
      if (NOT_WORTH_SENDING.has(entry.name)) continue
      const file = await fileOf(entry)
      if (file) found.push({ file, name: file.name })
    } else if (isFolder(entry)) {
      open.push(...(await childrenOf(entry)).reverse())
    }
    if (found.length >= HANDED_ON_AT_ONCE) {
      take(found)
      found = []
    }
  }
  take(found)
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

/** Null when the file cannot be read (a broken link, no permission): the others still go. */
function fileOf(entry: FileSystemFileEntry): Promise<File | null> {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)))
}

/** A browser hands out a folder in batches of a hundred; an empty batch is the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    )
    if (batch.length === 0) return all
    all.push(...batch)
  }
}
