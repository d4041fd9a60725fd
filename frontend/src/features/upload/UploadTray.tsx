import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useRouterState } from '@tanstack/react-router'
import { meQuery } from '@/shared/api/queries'
import { useLater } from '@/shared/ui/later'
import { headline } from './headline'
import { offerInterrupted } from './interrupted'
import { showInterrupted, subscribeToUploads, uploadSnapshot } from './uploads'

const loadPanel = () => import('./TrayPanel')

/** Bottom right, on every page: how far each file is, until it is ready or somebody has to look. */
export function UploadTray() {
  const uploads = useSyncExternalStore(subscribeToUploads, uploadSnapshot)
  const [isOpen, setOpen] = useState(true)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const [openedOn, setOpenedOn] = useState(path)
  const [seenCount, setSeenCount] = useState(uploads.totals.count)
  const isIdle = !uploads.totals.isWorking
  const { data: me } = useQuery({ ...meQuery, enabled: false })
  useWarnBeforeClosing(uploads.totals.unsent > 0)
  useInterrupted(me?.capabilities.upload ? me.user.id : null)
  const isSignedOut = uploads.pause === 'signed-out'
  const isShown = uploads.totals.count > 0 && (Boolean(me) || isSignedOut)
  useRoomForTray(isShown)
  // Somebody who moves on has seen that all is done: the list steps aside.
  if (path !== openedOn) {
    setOpenedOn(path)
    if (isIdle && isShown) setOpen(false)
  }
  if (uploads.totals.count !== seenCount) {
    setSeenCount(uploads.totals.count)
    if (uploads.totals.count > seenCount) setOpen(true)
  }
  const part = useLater(loadPanel, isShown)
  return (
    <>
      {isShown && part ? (
        <part.TrayPanel uploads={uploads} isOpen={isOpen} onFold={() => setOpen(!isOpen)} />
      ) : null}
      <Announcement text={isShown ? headline(uploads) : ''} />
    </>
  )
}

/** Pages scroll their last lines above the folded tray. */
function useRoomForTray(isNeeded: boolean): void {
  useEffect(() => {
    document.documentElement.toggleAttribute('data-tray', isNeeded)
    return () => document.documentElement.removeAttribute('data-tray')
  }, [isNeeded])
}

/** What a page that was closed has begun is offered once, to the person who began it. */
function useInterrupted(userId: number | null): void {
  useEffect(() => {
    if (userId === null) return
    const leaving = new AbortController()
    void offerInterrupted(showInterrupted, leaving.signal)
    return () => leaving.abort()
  }, [userId])
}

function useWarnBeforeClosing(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return
    function warn(event: BeforeUnloadEvent): void {
      event.preventDefault()
    }
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isNeeded])
}

/** Read aloud at most every few seconds: a running count is noise. */
function Announcement({ text }: { text: string }) {
  const [said, setSaid] = useState('')
  const latest = useRef(text)
  useEffect(() => {
    latest.current = text
  })
  useEffect(() => {
    const timer = setInterval(() => setSaid(latest.current), 5000)
    return () => clearInterval(timer)
  }, [])
  return (
    <div className="visually-hidden" aria-live="polite">
      {said}
    </div>
  )
}
