/** When the first picture was drawn and when all stood at full resolution, for whoever measures it. */
import type { Phase } from '@/viewer/state'

const FIRST = 'viewer:first-picture'
const ALL = 'viewer:all-full'

export class Marks {
  private marked: Phase = 'opening'

  opened(): void {
    performance.clearMarks(FIRST)
    performance.clearMarks(ALL)
    performance.mark('viewer:open')
    this.marked = 'opening'
  }

  drawn(phase: Phase): void {
    if (phase === this.marked) return
    if (this.marked === 'opening' && phase !== 'failed') performance.mark(FIRST)
    if (phase === 'full' && performance.getEntriesByName(ALL).length === 0) performance.mark(ALL)
    this.marked = phase
  }
}
