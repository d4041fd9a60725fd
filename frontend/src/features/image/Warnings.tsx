import { Link } from '@tanstack/react-router'
import type { ImageDetail } from '@/shared/api/types'
import { hasEstimatedWindow, warningInWords } from '@/shared/format/image'
import { Notice } from '@/shared/ui/Notice'

const SAID_ABOVE = new Set(['for_processing'])

/** What a reader must know before trusting the picture. */
export function Warnings({ image }: { image: ImageDetail }) {
  return (
    <>
      {image.conflictsWith === null ? null : (
        <Notice kind="working" title="Another image has the same SOP Instance UID">
          The pixels or the header differ, so both are kept. Compare with{' '}
          <Link to="/images/$imageId" params={{ imageId: String(image.conflictsWith) }}>
            image {image.conflictsWith}
          </Link>
          .
        </Notice>
      )}
      {image.presentationIntentType === 'FOR PROCESSING' ? (
        <Notice kind="working" title="FOR PROCESSING">
          Raw data of the detector: not meant for reading.
        </Notice>
      ) : null}
      {hasEstimatedWindow(image) ? (
        <Notice kind="working" title="No grey scale in the file">
          Its maker does not say how it is to be shown. We show it from the 0.5th to the 99.8th percentile of
          the breast’s own values, with air and markers left out.
        </Notice>
      ) : null}
      {image.warnings
        .filter((code) => !SAID_ABOVE.has(code))
        .map((warning) => (
          <Notice key={warning} kind="plain">
            {warningInWords(warning)}
          </Notice>
        ))}
    </>
  )
}
