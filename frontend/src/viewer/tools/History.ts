/** What can be taken back, and done again. */
export interface Act {
  /** For people: "the length". */
  readonly title: string
  readonly undo: () => void
  readonly redo: () => void
}

const MOST = 200

export class History {
  private done: Act[] = []
  private undone: Act[] = []

  push(act: Act): void {
    this.done = [...this.done, act].slice(-MOST)
    this.undone = []
  }

  get last(): Act | null {
    return this.done.at(-1) ?? null
  }

  /** The act that was taken back; null when there is none. */
  undo(): Act | null {
    const act = this.done.pop() ?? null
    if (!act) return null
    act.undo()
    this.undone.push(act)
    return act
  }

  redo(): Act | null {
    const act = this.undone.pop() ?? null
    if (!act) return null
    act.redo()
    this.done.push(act)
    return act
  }

  clear(): void {
    this.done = []
    this.undone = []
  }
}
