/** Turns key presses into command names. Pure: what is pressed and when goes in, a name comes out. */

export interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  /** A field has the focus: single letters belong to it. */
  inField: boolean
  atMilliseconds: number
}

/** "u", "?", "/", two keys in a row: "g i", or with Ctrl (⌘ on a Mac): "Ctrl+z". */
export type KeySpec = string

const SEQUENCE_MILLISECONDS = 1200

export class KeyMatcher {
  private pending: { key: string; atMilliseconds: number } | null = null

  /** The spec that this press completes, or null. */
  match(press: KeyPress, specs: ReadonlySet<KeySpec>): KeySpec | null {
    if (press.ctrlKey || press.metaKey || press.altKey || press.inField) {
      this.pending = null
      return withControl(press, specs)
    }
    const before = this.pending
    this.pending = null
    if (before && press.atMilliseconds - before.atMilliseconds <= SEQUENCE_MILLISECONDS) {
      const sequence = `${before.key} ${press.key}`
      if (specs.has(sequence)) return sequence
    }
    if (specs.has(press.key)) return press.key
    for (const spec of specs) {
      if (spec.startsWith(`${press.key} `)) {
        this.pending = { key: press.key, atMilliseconds: press.atMilliseconds }
        break
      }
    }
    return null
  }
}

/** Only what a command asks for by name; all other shortcuts are the browser's, and those of a field its own. */
function withControl(press: KeyPress, specs: ReadonlySet<KeySpec>): KeySpec | null {
  if (press.altKey || press.inField) return null
  const spec = `Ctrl+${press.key}`
  return specs.has(spec) ? spec : null
}

/** For people: "g then i". */
export function spellKeys(spec: KeySpec): string[] {
  const NAMES: Record<string, string> = {
    ArrowLeft: '←',
    ArrowRight: '→',
    ArrowUp: '↑',
    ArrowDown: '↓',
    Escape: 'Esc',
    Delete: 'Del',
  }
  // The space bar itself; elsewhere a space stands between two keys.
  if (spec === ' ') return ['Space']
  return spec
    .split(/ |\+(?=.)/)
    .map((key, index, keys) => NAMES[key] ?? (keys[index - 1] === 'Ctrl' ? key.toUpperCase() : key))
}
