/** The colours of a chart, out of the tokens: a canvas cannot read them by itself. */
export interface ChartTheme {
  text: string
  quiet: string
  line: string
  panel: string
  raised: string
  font: string
  /** The colour of a token, as "--series-views". */
  of: (token: string) => string
}

/** As they hold now: on paper the tokens are others than on the screen. */
export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement)
  const of = (token: string) => style.getPropertyValue(token).trim()
  return {
    text: of('--text'),
    quiet: of('--quiet'),
    line: of('--line'),
    panel: of('--panel'),
    raised: of('--raised'),
    font: of('--font'),
    of,
  }
}

/** Calls when the page turns to paper and back. The browser has changed the tokens by then. */
export function onPaper(change: () => void): () => void {
  const paper = window.matchMedia('print')
  paper.addEventListener('change', change)
  return () => paper.removeEventListener('change', change)
}
