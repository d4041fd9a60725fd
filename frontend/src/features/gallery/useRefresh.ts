import { useEffect } from 'react'
import { useConnection } from '@/shared/api/connection'
import { refreshHead } from './galleryStore'

/** Looks for new images when the page is looked at again, and when the line is back. */
export function useRefresh(): void {
  const returns = useConnection((state) => state.returns)
  useEffect(() => {
    if (returns > 0) void refreshHead()
  }, [returns])
  useEffect(() => {
    function look(): void {
      if (document.visibilityState === 'visible') void refreshHead()
    }
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
}
