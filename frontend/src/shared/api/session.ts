import { create } from 'zustand'

interface SessionState {
  /** The server stopped knowing us while the page was open; the page asks to sign in and keeps its work. */
  hasEnded: boolean
  /** Counts the sign-ins of this page. */
  epoch: number
}

export const useSessionState = create<SessionState>(() => ({ hasEnded: false, epoch: 0 }))

export const session = {
  epoch: (): number => useSessionState.getState().epoch,
  /** `epoch` is the one in which the refused request began: a late 401 says nothing about a newer session. */
  ended(epoch: number): void {
    if (epoch === useSessionState.getState().epoch) useSessionState.setState({ hasEnded: true })
  },
  began(): void {
    useSessionState.setState((state) => ({ hasEnded: false, epoch: state.epoch + 1 }))
  },
}
