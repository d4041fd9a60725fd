import { fetchFile } from '@/shared/acts/saveFile'
import { messageOf } from '@/shared/api/client'
import { plural } from '@/shared/format/numbers'
import { toast } from '@/shared/ui/Toasts'

export type MeasurementFormat = 'csv' | 'dcm'

/**
 * Saves the measurements of what is open, as the server keeps them: what waits in the page is sent first, and what
 * cannot be sent is told. `annotations`: the address of the annotations. Says what went wrong by itself.
 */
export async function saveMeasurements(
  annotations: string,
  format: MeasurementFormat,
  settle: () => Promise<number>,
): Promise<void> {
  try {
    const unsent = await settle()
    await fetchFile(measurementsAddress(annotations, format), `measurements.${format}`)
    if (unsent > 0) {
      toast(`${plural(unsent, 'change')} of yours could not be sent yet: the file is without.`)
    }
  } catch (problem) {
    toast(messageOf(problem))
  }
}

function measurementsAddress(annotations: string, format: MeasurementFormat): string {
  return annotations.replace(/annotations$/, `measurements.${format}`)
}
