import type { ReactNode } from 'react'
import { TriangleAlert } from 'lucide-react'
import type { ImageDetail, Spacing } from '@/shared/api/types'
import { isDoseReport } from '@/shared/format/image'
import { Facts } from '@/shared/ui/Panel'
import styles from './FactsPanel.module.css'
import { basisInWords, spacingInMillimetres, type TechniqueFact, techniqueFacts } from './technique'

/** How large a pixel is and how the image was taken, with units; doubtful values are marked, never hidden. */
export function TechniqueFacts({ image }: { image: ImageDetail }) {
  if (!image.acquisition) return null
  const { spacing, technique } = image.acquisition
  const facts: [string, ReactNode][] = techniqueFacts(technique).map((fact) => [
    fact.name,
    <Value key={fact.name} fact={fact} />,
  ])
  const isReport = isDoseReport(image)
  if (!isReport) facts.unshift(['Pixel spacing', <SpacingValue key="spacing" spacing={spacing} />])
  return (
    <section data-testid="technique">
      <h2>{isReport ? 'Technique and dose' : 'Geometry and technique'}</h2>
      {facts.length > 0 ? (
        <Facts facts={facts} />
      ) : (
        <p className={styles.quiet}>The header states no values of this kind.</p>
      )}
    </section>
  )
}

function SpacingValue({ spacing }: { spacing: Spacing }) {
  const millimetres = spacingInMillimetres(spacing)
  const words = basisInWords(spacing)
  if (millimetres === null) return words
  return (
    <>
      {millimetres} <span className="unit">{words}</span>
    </>
  )
}

function Value({ fact }: { fact: TechniqueFact }) {
  return (
    <>
      <span className="tabular">{fact.value}</span>
      {fact.unit ? <span className="unit"> {fact.unit}</span> : null}
      {fact.doubt ? (
        <span className={styles.doubt}>
          <TriangleAlert aria-hidden="true" />
          <span>
            <strong>Implausible.</strong> {fact.doubt}
          </span>
        </span>
      ) : null}
    </>
  )
}
