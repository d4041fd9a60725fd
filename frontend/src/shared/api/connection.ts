import { create } from 'zustand'

interface ConnectionState {
  isLost: boolean
  /** Counts returns, so that pages can read again what they missed. */
  returns: number
}

export const useConnection = create<ConnectionState>(() => ({ isLost: false, returns: 0 }))

const PROBE_MILLISECONDS = 2500
let probing = false

/** Asks until the server answers; any answer at all means that the line is back. */
async function probe(): Promise<void> {
  if (probing) return
  probing = true
  while (useConnection.getState().isLost) {
    await new Promise((wake) => setTimeout(wake, PROBE_MILLISECONDS))
    try {
      const response = await fetch('/health/live', { cache: 'no-store' })
      // A proxy in front answers 502 or 504 for a server that is away.
      if (response.status !== 502 && response.status !== 504) {
        useConnection.setState((state) => ({ isLost: false, returns: state.returns + 1 }))
      }
    } catch {
      // Still away.
    }
  }
  probing = false
}

export const connection = {
  lost(): void {
    if (useConnection.getState().isLost) return
    useConnection.setState({ isLost: true })
    void probe()
  },
  isLost: (): boolean => useConnection.getState().isLost,
}
