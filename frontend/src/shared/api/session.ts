import { create } from 'zustand'

interface SessionState {
  /** The server stopped knowing us while the page was open; the page asks to sign in and keeps its work. */
  hasEnded: boolean
}

export const useSessionState = create<SessionState>(() => ({ hasEnded: false }))

export const session = {
  ended(): void {
    useSessionState.setState({ hasEnded: true })
  },
  began(): void {
    useSessionState.setState({ hasEnded: false })
  },
}
