import { useQuery } from '@tanstack/react-query'
import { CsvLink, PanelActs } from '@/shared/charts/ChartFrame'
import { formatCount, plural } from '@/shared/format/numbers'
import { Panel } from '@/shared/ui/Panel'
import table from '@/shared/ui/Table.module.css'
import { csvLink, type Headers, headersQuery } from './api'
import { Count } from './Count'
import { NumbersTable } from './NumbersTable'
import { Part } from './Part'
import styles from './Quality.module.css'
import type { QualityQuery } from './qualitySearch'
import { NOT_TOLD, share, valueInWords } from './words'

const TITLE = 'Missing in the header'

export function HeadersPanel({ query }: { query: QualityQuery }) {
  const answer = useQuery(headersQuery(query))
  return (
    <Part what="What headers tell" answer={answer} height="40rem">
      {(found) => (
        <Panel
          title={TITLE}
          actions={
            <PanelActs>
              <CsvLink href={csvLink('/headers', 'values', query)} what={TITLE} />
            </PanelActs>
          }
        >
          {found.total.files === 0 ? (
            <p className={styles.nothing}>No mammograms were taken in these days.</p>
          ) : (
            <HeadersTable found={found} />
          )}
        </Panel>
      )}
    </Part>
  )
}

function HeadersTable({ found }: { found: Headers }) {
  const { total, byUnit } = found
  return (
    <>
      <div className={table.wrap} tabIndex={0} role="region" aria-label={`${TITLE}, table`}>
        <NumbersTable
          caption={TITLE}
          heads={[
            'Value',
            'Files without',
            'Share',
            'Implausible',
            ...byUnit.map(({ key }, place) => key ?? `${NOT_TOLD}${place < byUnit.length - 1 ? ' ' : ''}`),
          ]}
          rows={total.values.map((value, place) => {
            const words = valueInWords(value.name)
            return {
              key: value.name,
              cells: [
                words,
                <Count
                  key="missing"
                  value={value.missing}
                  title={`Files without: ${words}`}
                  behind={{ lacks: value.name }}
                />,
                share(value.missing, total.files),
                <Count
                  key="implausible"
                  value={value.implausible}
                  title={`Implausible: ${words}`}
                  behind={{ implausible: value.name }}
                />,
                ...byUnit.map((unit) => share(unit.values[place]?.missing ?? 0, unit.files)),
              ],
            }
          })}
        />
      </div>
      <p className={styles.note}>
        Of {plural(total.files, 'file')}. Columns of units tell the share of their files without the value (
        {byUnit.map(({ key, files }) => `${key ?? NOT_TOLD}: ${formatCount(files)}`).join(', ')}).
      </p>
    </>
  )
}
