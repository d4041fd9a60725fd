import { useEffect } from 'react'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { meQuery, queryClient } from '@/shared/api/queries'
import { useSessionState } from '@/shared/api/session'

/** A 401 anywhere leads to the sign-in page and back; uploads wait in their tray meanwhile. */
export function SessionGuard() {
  const hasEnded = useSessionState((state) => state.hasEnded)
  const navigate = useNavigate()
  const here = useRouterState({ select: (state) => state.location })
  const isOutside = ['/login', '/register', '/setup'].includes(here.pathname)
  useEffect(() => {
    if (!hasEnded || isOutside) return
    queryClient.removeQueries({ queryKey: meQuery.queryKey })
    void navigate({ to: '/login', search: { return: here.href, reason: 'expired' }, replace: true })
  }, [hasEnded, isOutside, here.href, navigate])
  return null
}
