import {
  BarController,
  BarElement,
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  ScatterController,
} from 'chart.js'
import type { ChartTheme } from '@/shared/charts/theme'
import { formatCount } from '@/shared/format/numbers'
import type { Bin, Dose } from './api'
import { measure } from './words'

Chart.register(BarController, BarElement, ScatterController)

/** Curves take these in turn; none of them is a colour of a state, for no dose is good or bad here. */
export const CURVE_TOKENS = ['--type-png', '--type-dicom', '--type-tiff', '--type-jpeg', '--series-storage']
export const curveToken = (place: number) => CURVE_TOKENS[place % CURVE_TOKENS.length] ?? '--text'

type Drawing = 'scatter' | 'bar'
type Parts<T extends Drawing> = Pick<ChartConfiguration<T>, 'type' | 'data' | 'options'>

/** Points, the two percentiles of each bin at its middle, and the reference curves in dashes. */
export function doseParts(dose: Dose, onBin: (place: number) => void) {
  return (theme: ChartTheme): Parts<'scatter'> => {
    const points = dose.points.map(({ thicknessMm, doseMgy }) => ({ x: thicknessMm, y: doseMgy }))
    return {
      type: 'scatter',
      data: {
        datasets: [
          percentile('P50', 'p50', dose, theme, []),
          percentile('P75', 'p75', dose, theme, [6, 3]),
          ...dose.curves.map((curve, place) => curveLine(curve, theme.of(curveToken(place)))),
          {
            label: 'Exposure',
            data: points,
            backgroundColor: `color-mix(in srgb, ${theme.of('--accent')} 45%, transparent)`,
            borderWidth: 0,
            pointRadius: points.length > 800 ? 2 : 3,
          },
        ],
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        font: { family: theme.font },
        interaction: { mode: 'nearest', intersect: true },
        onClick: (_event, elements, chart) => {
          const at = elements[0]
          const point = at && chart.data.datasets[at.datasetIndex]?.data[at.index]
          if (!point || typeof point !== 'object' || !('x' in point)) return
          const x = Number(point.x)
          const place = dose.bins.findIndex((bin) => bin.from <= x && x < bin.to)
          if (place >= 0) onBin(place)
        },
        scales: {
          x: scale('Compressed breast thickness, mm', theme, { min: 0, suggestedMax: 100 }),
          y: scale('Mean glandular dose, mGy', theme, { min: 0, suggestedMax: 4 }),
        },
        plugins: {
          tooltip: {
            ...tooltipLook(theme),
            callbacks: {
              label: ({ dataset, parsed }) =>
                `${dataset.label}: ${measure(parsed.y, 2)} mGy at ${measure(parsed.x, 0)} mm`,
            },
          },
        },
      },
    }
  }
}

function percentile(
  label: string,
  name: 'p50' | 'p75',
  dose: Dose,
  theme: ChartTheme,
  dash: number[],
): ChartDataset<'scatter'> {
  return {
    label,
    data: dose.bins.map((bin) => ({ x: (bin.from + bin.to) / 2, y: bin[name] })),
    showLine: true,
    borderColor: theme.text,
    backgroundColor: theme.text,
    borderWidth: 2,
    borderDash: dash,
    pointRadius: 3,
  }
}

function curveLine(curve: Dose['curves'][number], colour: string): ChartDataset<'scatter'> {
  return {
    label: curve.name,
    data: curve.points.map(({ thicknessMm, doseMgy }) => ({ x: thicknessMm, y: doseMgy })),
    showLine: true,
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 1.5,
    borderDash: [2, 3],
    pointRadius: 2,
  }
}

/** Bars, also for bins between in which there is nothing. */
export function barParts(bins: Bin[], unit: string, token: string, onBin: (bin: Bin) => void) {
  return (theme: ChartTheme): Parts<'bar'> => {
    const all = withGaps(bins)
    return {
      type: 'bar',
      data: {
        labels: all.map((bin) => measure(bin.from, 0)),
        datasets: [
          {
            label: 'Exposures',
            data: all.map((bin) => bin.exposures),
            backgroundColor: theme.of(token),
            categoryPercentage: 1,
            barPercentage: 0.92,
          },
        ],
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        font: { family: theme.font },
        onClick: (_event, elements) => {
          const bin = elements[0] && all[elements[0].index]
          if (bin && bin.exposures > 0) onBin(bin)
        },
        scales: {
          x: scale(unit, theme, {}, false),
          y: scale('Exposures', theme, { min: 0, suggestedMax: 1 }),
        },
        plugins: {
          tooltip: {
            ...tooltipLook(theme),
            callbacks: {
              title: (items) => {
                const bin = all[items[0]?.dataIndex ?? 0]
                return bin ? binInWords(bin, unit) : ''
              },
              label: ({ parsed }) => `${formatCount(parsed.y ?? 0)} exposures`,
            },
          },
        },
      },
    }
  }
}

export function binInWords({ from, to }: { from: number; to: number }, unit: string): string {
  const last = unit.split(', ').at(-1) ?? unit
  return `${measure(from, 0)} to below ${measure(to, 0)} ${last}`
}

export function withGaps(bins: Bin[]): Bin[] {
  const found: Bin[] = []
  for (const bin of bins) {
    let last = found.at(-1)
    while (last && last.to < bin.from) {
      last = { from: last.to, to: last.to + (bin.to - bin.from), exposures: 0 }
      found.push(last)
    }
    found.push(bin)
  }
  return found
}

function scale(title: string, theme: ChartTheme, ends: object, hasGrid = true) {
  const font = { family: theme.font, size: 12 }
  return {
    ...ends,
    title: { display: true, text: title, color: theme.quiet, font },
    grid: hasGrid ? { color: theme.line } : { display: false },
    border: { color: theme.line },
    ticks: { color: theme.quiet, font, maxRotation: 0, autoSkipPadding: 12, maxTicksLimit: 12 },
  }
}

function tooltipLook(theme: ChartTheme) {
  const font = { family: theme.font, size: 12 }
  return {
    backgroundColor: theme.raised,
    borderColor: theme.line,
    borderWidth: 1,
    cornerRadius: 6,
    padding: 8,
    boxPadding: 4,
    titleColor: theme.text,
    bodyColor: theme.text,
    titleFont: font,
    bodyFont: font,
    usePointStyle: true,
  }
}
