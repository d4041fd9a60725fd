import { formatCount, plural } from '@/shared/format/numbers'
import type { UploadSnapshot } from './uploads'

/** All uploads in one line. */
export function headline({ totals }: UploadSnapshot): string {
  if (totals.unsent > 0 && totals.unsent === totals.byState.paused)
    return `Paused: ${formatCount(totals.sent)} of ${plural(totals.beingSent, 'file')} sent`
  if (totals.unsent > 0)
    return `Uploading: ${formatCount(totals.sent)} of ${plural(totals.beingSent, 'file')} sent`
  if (totals.isWorking)
    return `Converting: ${formatCount(totals.over)} of ${plural(totals.beingSent, 'file')} done`
  if (totals.troubles > 0) {
    return totals.byState.ready > 0
      ? `${plural(totals.byState.ready, 'file')} ready, ${totals.troubles} not`
      : `${plural(totals.troubles, 'file')} could not be shown`
  }
  if (totals.byState.interrupted > 0)
    return `${plural(totals.byState.interrupted, 'upload')} can be continued`
  return `${plural(totals.count, 'file')} ready`
}
