import { useEffect, useRef } from 'react'
import {
  ArcElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  DoughnutController,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from 'chart.js'
import styles from './ChartCanvas.module.css'
import { type ChartTheme, onPaper, readTheme } from './theme'

// Only what is drawn comes into the bundle; a feature that draws more registers it itself.
Chart.register(
  ArcElement,
  CategoryScale,
  DoughnutController,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
)

/** What a chart is made of; plain parts, so that charts of different kinds go through one component. */
export type ChartParts = Pick<ChartConfiguration, 'type' | 'data' | 'options'>

interface ChartCanvasProps {
  /** What a screen reader says instead of the drawing; the numbers are in a table beside it. */
  label: string
  parts: (theme: ChartTheme) => ChartParts
  className?: string
}

/** A drawing that follows its numbers: it is changed in place, never made anew, so that nothing flashes. */
export function ChartCanvas({ label, parts, className }: ChartCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const chart = useRef<Chart | null>(null)
  const latest = useRef(parts)
  useEffect(() => {
    latest.current = parts
    if (chart.current) draw(chart.current, parts)
  }, [parts])
  useEffect(() => {
    if (!canvas.current) return
    const made = new Chart(canvas.current, latest.current(readTheme()))
    chart.current = made
    // Inter may come after the first drawing; numbers would keep the other font's width.
    let isGone = false
    void document.fonts?.ready.then(() => (isGone ? undefined : draw(made, latest.current)))
    const end = onPaper(() => draw(made, latest.current))
    return () => {
      isGone = true
      end()
      made.destroy()
      chart.current = null
    }
  }, [])
  return (
    <div className={`${styles.box} ${className ?? ''}`}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  )
}

function draw(chart: Chart, parts: (theme: ChartTheme) => ChartParts): void {
  const { data, options } = parts(readTheme())
  chart.data = data
  if (options) chart.options = options
  chart.update('none')
}
