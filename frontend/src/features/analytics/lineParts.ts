import type { ChartConfiguration, ChartDataset, TooltipItem } from 'chart.js'
import type { ChartTheme } from '@/shared/charts/theme'
import { formatDay, formatShortDay } from '@/shared/format/zoned'
import { type DayChart, isAlone, type Series } from './series'

type LineParts = Pick<ChartConfiguration<'line'>, 'type' | 'data' | 'options'>

const DASHES = [4, 4]
const DOT_PIXELS = 4
/** Of these there is no half. */
const COUNTED = new Set(['images', 'events'])

/** Starts at zero, names its unit, dashes what is not over, and tells all lines at once under the pointer. */
export function lineParts(chart: DayChart, format: (value: number) => string) {
  return (theme: ChartTheme): LineParts => ({
    type: 'line',
    data: {
      labels: chart.days.map(formatShortDay),
      datasets: chart.series.map((series) => dataset(series, chart, theme)),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false },
      font: { family: theme.font },
      layout: { padding: { top: 8 } },
      scales: scales(chart, format, theme),
      plugins: { tooltip: tooltip(chart, format, theme) },
    },
  })
}

function dataset(
  series: Series,
  chart: DayChart,
  theme: ChartTheme,
): ChartDataset<'line', (number | null)[]> {
  const colour = theme.of(series.token)
  const last = chart.days.length - 1
  return {
    label: series.label,
    data: series.values,
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 2,
    pointHoverRadius: DOT_PIXELS,
    pointHitRadius: 12,
    pointRadius: ({ dataIndex }) => (isAlone(series.values, dataIndex) ? DOT_PIXELS : 0),
    // A hollow dot is a day that is not over.
    pointBackgroundColor: ({ dataIndex }) => (chart.isPartial && dataIndex === last ? theme.panel : colour),
    pointBorderColor: colour,
    segment: {
      borderDash: ({ p1DataIndex }) => (chart.isPartial && p1DataIndex === last ? DASHES : undefined),
    },
    spanGaps: false,
  }
}

function scales({ unit, days }: DayChart, format: (value: number) => string, theme: ChartTheme) {
  const font = { family: theme.font, size: 12 }
  return {
    x: {
      // A single day stands in the middle.
      offset: days.length === 1,
      grid: { display: false },
      border: { color: theme.line },
      ticks: { color: theme.quiet, font, maxRotation: 0, autoSkipPadding: 16 },
    },
    y: {
      beginAtZero: true,
      // Nothing yet is a line at the bottom, not in the middle.
      suggestedMax: 1,
      title: { display: true, text: unit, color: theme.quiet, font },
      grid: { color: theme.line },
      border: { display: false },
      ticks: {
        color: theme.quiet,
        font,
        maxTicksLimit: 6,
        callback: (value: string | number) => format(Number(value)),
        ...(COUNTED.has(unit) ? { precision: 0 } : {}),
      },
    },
  }
}

function tooltip(chart: DayChart, format: (value: number) => string, theme: ChartTheme) {
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
    // Also the lines that nobody knows the value of on that day.
    filter: () => true,
    callbacks: {
      title: (items: TooltipItem<'line'>[]) => {
        const at = items[0]?.dataIndex ?? 0
        const isPartial = chart.isPartial && at === chart.days.length - 1
        return `${formatDay(chart.days[at] ?? '')}${isPartial ? ', partial' : ''}`
      },
      label: ({ dataset, parsed }: TooltipItem<'line'>) =>
        `${dataset.label}: ${parsed.y === null ? 'unknown' : format(parsed.y)} ${parsed.y === null ? '' : chart.unit}`,
    },
  }
}
