import styles from './Cards.module.css'

const WIDE = 120
const HIGH = 32
const PADDING = 2

interface SparklineProps {
  values: readonly (number | null)[]
  token: string
}

/** The course of a number in one glance. It begins at zero, as the large charts do; unknown days are gaps. */
export function Sparkline({ values, token }: SparklineProps) {
  const colour = { stroke: `var(${token})`, fill: `var(${token})` }
  const runs = runsOf(values)
  const last = runs.at(-1)?.at(-1)
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {runs.map((run) => (
        <polyline
          key={run[0]?.join() ?? ''}
          points={run.map((point) => point.join()).join(' ')}
          style={{ stroke: colour.stroke }}
        />
      ))}
      {values.length === 1 && last ? (
        <line x1={last[0]} x2={WIDE - PADDING} y1={last[1]} y2={last[1]} style={{ stroke: colour.stroke }} />
      ) : null}
    </svg>
  )
}

type Point = readonly [number, number]

/** Points of days in a row that are known. */
export function runsOf(values: readonly (number | null)[]): Point[][] {
  const most = Math.max(1, ...values.map((value) => value ?? 0))
  const step = values.length > 1 ? (WIDE - 2 * PADDING) / (values.length - 1) : 0
  const runs: Point[][] = []
  let run: Point[] = []
  values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) runs.push(run)
      run = []
      return
    }
    const y = HIGH - PADDING - (value / most) * (HIGH - 2 * PADDING)
    run.push([round(PADDING + index * step), round(y)])
  })
  if (run.length > 0) runs.push(run)
  return runs
}

const round = (value: number) => Math.round(value * 100) / 100
