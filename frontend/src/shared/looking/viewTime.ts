/** Input lets a person count as looking for this long. */
const AWAKE_MILLISECONDS = 60_000
/** A tick that comes later than this was held up: the machine slept. What passed meanwhile was not looked at. */
const LONGEST_TICK_MILLISECONDS = 5_000
const SEND_MILLISECONDS = 15_000
const MOST_SECONDS = 60

/** What is there to be told: where the seconds go, and what time it is. */
export interface ViewTimeSurroundings {
  now: () => number
  isVisible: () => boolean
  send: (seconds: number) => void
}

/**
 * Adds up for how long a picture is really looked at: while the tab is to be seen and somebody moves, presses or
 * scrolls now and then. Tells it every 15 seconds and at the end, in whole seconds; the rest waits for the next time.
 */
export class ViewTime {
  private readonly around: ViewTimeSurroundings
  private milliseconds = 0
  private tickedAt: number
  private inputAt: number
  private sentAt: number

  constructor(around: ViewTimeSurroundings) {
    this.around = around
    this.tickedAt = this.inputAt = this.sentAt = around.now()
  }

  /** To be called about once a second. */
  tick() {
    this.add(this.around.isVisible())
    if (this.around.now() - this.sentAt >= SEND_MILLISECONDS) this.send()
  }

  input() {
    this.inputAt = this.around.now()
  }

  /** The tab has just been hidden or shown again, or another picture comes: what was seen until now is told. */
  turn(wasVisible: boolean) {
    this.add(wasVisible)
    this.send()
  }

  private add(wasVisible: boolean) {
    const now = this.around.now()
    const passed = now - this.tickedAt
    this.tickedAt = now
    const isAwake = now - this.inputAt <= AWAKE_MILLISECONDS
    if (wasVisible && isAwake && passed <= LONGEST_TICK_MILLISECONDS) this.milliseconds += passed
  }

  private send() {
    this.sentAt = this.around.now()
    const seconds = Math.min(Math.floor(this.milliseconds / 1000), MOST_SECONDS)
    if (seconds < 1) return
    this.milliseconds -= seconds * 1000
    this.around.send(seconds)
  }
}
