import { useEffect } from 'react'
import { calmly } from '@/shared/api/calmly'
import { announceImages } from '@/shared/api/imageEvents'
import { isOver } from '@/shared/api/jobs'
import { onLive } from '@/shared/api/live'

const CALM_MILLISECONDS = 700

/** The end of a job is told to all pages, so that a tile shows its picture without asking for it. */
export function useLiveImages(): void {
  useEffect(() => {
    const ended = new Set<number>()
    const tell = calmly(() => {
      announceImages({ kind: 'changed', imageIds: [...ended] })
      ended.clear()
    }, CALM_MILLISECONDS)
    const end = onLive('job', ({ state, imageId }) => {
      if (!isOver(state)) return
      ended.add(imageId)
      tell.ask()
    })
    return () => {
      tell.stop()
      end()
    }
  }, [])
}
