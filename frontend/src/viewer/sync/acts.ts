/** What its reader did to the look of the pictures, in the same history as what was drawn: one act for each gesture. */
import type { Act, History } from '@/viewer/tools/History'

/** Turns of the wheel and presses of a key within this time of each other are one act. */
const BURST_MILLISECONDS = 700

/** What belongs together: all of one drag, or the same thing done again soon after. */
export type Gesture = { readonly drag: number } | { readonly burst: string } | null

/** `Look` is plain data: all that is put back when an act is taken back. */
export class Acts<Look> {
  readonly history: History
  private readonly look: () => Look
  private readonly restore: (look: Look) => void
  private readonly now: () => number
  private latest: { act: Act; gesture: Gesture; at: number } | null = null

  constructor(
    history: History,
    look: () => Look,
    restore: (look: Look) => void,
    now: () => number = () => performance.now(),
  ) {
    this.history = history
    this.look = look
    this.restore = restore
    this.now = now
  }

  /** Does it; it can be taken back, unless nothing has become different. */
  run<Result>(title: string, gesture: Gesture, change: () => Result): Result {
    if (this.goesOn(gesture)) return change()
    const before = this.look()
    const result = change()
    this.record(title, gesture, before)
    return result
  }

  /** What looked like `before` and was changed since. */
  record(title: string, gesture: Gesture, before: Look): void {
    if (JSON.stringify(before) === JSON.stringify(this.look())) return
    let after = before
    const act: Act = {
      title,
      undo: () => {
        // What a gesture did in the end is known when it is taken back.
        after = this.look()
        this.latest = null
        this.restore(before)
      },
      redo: () => this.restore(after),
    }
    this.history.push(act)
    this.latest = { act, gesture, at: this.now() }
  }

  /** Nothing of what was open before can be taken back. */
  clear(): void {
    this.history.clear()
    this.latest = null
  }

  private goesOn(gesture: Gesture): boolean {
    const { latest } = this
    if (!gesture || !latest?.gesture || this.history.last !== latest.act) return false
    if ('drag' in gesture) return 'drag' in latest.gesture && latest.gesture.drag === gesture.drag
    if (!('burst' in latest.gesture) || latest.gesture.burst !== gesture.burst) return false
    const now = this.now()
    if (now - latest.at > BURST_MILLISECONDS) return false
    latest.at = now
    return true
  }
}
