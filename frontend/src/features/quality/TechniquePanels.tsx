import { useQuery } from '@tanstack/react-query'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import { formatCount } from '@/shared/format/numbers'
import { Panel } from '@/shared/ui/Panel'
import table from '@/shared/ui/Table.module.css'
import { type Bin, csvLink, type Material, type Technique, techniqueQuery } from './api'
import { BarPanel } from './BarPanel'
import { quartiles } from './CompressionPanels'
import { Count } from './Count'
import { GroupsPanel } from './GroupsPanel'
import { NumbersTable } from './NumbersTable'
import { Part } from './Part'
import styles from './Quality.module.css'
import type { QualityQuery } from './qualitySearch'
import { materialInWords, measure, share } from './words'

const behindKv = (bin: Bin) => ({ kvFrom: bin.from, kvTo: bin.to })

export function TechniquePanels({ query }: { query: QualityQuery }) {
  const answer = useQuery(techniqueQuery(query))
  return (
    <Part what="The technique" answer={answer} height="44rem">
      {(found) => (
        <>
          <div className={styles.two}>
            <BarPanel
              title="Tube voltage"
              unit="Tube voltage, kV"
              token="--series-users"
              bins={found.kvs}
              spread={found.kv}
              what="tube voltage"
              csv={csvLink('/technique', 'kvs', query)}
              behind={behindKv}
            />
            <Materials found={found} csv={csvLink('/technique', 'materials', query)} />
          </div>
          <GroupsPanel
            title="Technique in groups"
            csv={csvLink('/technique', 'groups', query)}
            heads={['Exposures', 'kV, median', 'quartiles kV', 'Without kV', 'Target / filter']}
            groups={{ unit: found.byUnit, month: found.byMonth, operator: found.byOperator }}
            cells={({ exposures, kv, materials }) => [
              formatCount(exposures),
              measure(kv.p50),
              quartiles(kv),
              formatCount(kv.missing + kv.implausible),
              mixInWords(materials, exposures),
            ]}
          />
        </>
      )}
    </Part>
  )
}

/** The three most used, with their shares. */
function mixInWords(materials: Material[], exposures: number): string {
  const told = materials
    .slice(0, 3)
    .map(
      ({ target, filter, exposures: own }) => `${materialInWords(target, filter)} ${share(own, exposures)}`,
    )
  return materials.length > 3 ? `${told.join(', ')}, others` : told.join(', ')
}

function Materials({ found, csv }: { found: Technique; csv: string }) {
  const title = 'Target and filter'
  return (
    <Panel
      title={title}
      actions={
        <PanelActs>
          <CsvLink href={csv} what={title} />
        </PanelActs>
      }
    >
      {found.materials.length === 0 ? (
        <p className={styles.nothing}>No mammograms were taken in these days.</p>
      ) : (
        <div
          className={`${table.wrap} ${styles.materials}`}
          tabIndex={0}
          role="region"
          aria-label={`${title}, table`}
        >
          <NumbersTable
            caption={title}
            heads={['Target / filter', 'Exposures', 'Share']}
            rows={found.materials.map(({ target, filter, exposures }) => {
              const words = materialInWords(target, filter)
              return {
                key: words,
                cells: [
                  words,
                  <Count
                    key="exams"
                    value={exposures}
                    title={`Exposures with ${words}`}
                    behind={{ target: target ?? '', filter: filter ?? '' }}
                  />,
                  share(exposures, found.exposures),
                ],
              }
            })}
          />
        </div>
      )}
    </Panel>
  )
}
