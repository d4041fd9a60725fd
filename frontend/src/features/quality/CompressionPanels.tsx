import { useQuery } from '@tanstack/react-query'
import { formatCount } from '@/shared/format/numbers'
import { type Bin, compressionQuery, csvLink, type Spread } from './api'
import { BarPanel } from './BarPanel'
import { GroupsPanel } from './GroupsPanel'
import { Part } from './Part'
import styles from './Quality.module.css'
import type { QualityQuery } from './qualitySearch'
import { measure } from './words'

const behindForce = (bin: Bin) => ({ forceFrom: bin.from, forceTo: bin.to })
const behindThickness = (bin: Bin) => ({ thicknessFrom: bin.from, thicknessTo: bin.to })
const HEADS = [
  'Exposures',
  'Force, median N',
  'quartiles N',
  'Thickness, median mm',
  'quartiles mm',
  'Without force',
  'Without thickness',
]

export function CompressionPanels({ query }: { query: QualityQuery }) {
  const answer = useQuery(compressionQuery(query))
  return (
    <Part what="Compression" answer={answer} height="44rem">
      {(found) => (
        <>
          <div className={styles.two}>
            <BarPanel
              title="Compression force"
              unit="Compression force, N"
              token="--series-views"
              bins={found.forces}
              spread={found.force}
              what="compression force"
              csv={csvLink('/compression', 'forces', query)}
              behind={behindForce}
            />
            <BarPanel
              title="Breast thickness"
              unit="Compressed breast thickness, mm"
              token="--series-storage"
              bins={found.thicknesses}
              spread={found.thickness}
              what="thickness"
              csv={csvLink('/compression', 'thicknesses', query)}
              behind={behindThickness}
            />
          </div>
          <GroupsPanel
            title="Compression in groups"
            csv={csvLink('/compression', 'groups', query)}
            heads={HEADS}
            groups={{ unit: found.byUnit, month: found.byMonth, operator: found.byOperator }}
            cells={({ exposures, force, thickness }) => [
              formatCount(exposures),
              measure(force.p50),
              quartiles(force),
              measure(thickness.p50),
              quartiles(thickness),
              formatCount(force.missing + force.implausible),
              formatCount(thickness.missing + thickness.implausible),
            ]}
            note="Operators go by pseudonyms of this installation. Nobody can be named by them."
          />
        </>
      )}
    </Part>
  )
}

export const quartiles = ({ p25, p75 }: Spread) =>
  p25 === null ? 'unknown' : `${measure(p25)} to ${measure(p75)}`
