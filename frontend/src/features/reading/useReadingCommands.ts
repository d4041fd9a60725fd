import { type Command, useCommands } from '@/shared/keys/commands'
import type { LayoutId } from '@/viewer/hanging'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { ViewerState } from '@/viewer/state'
import type { MeasurementFormat } from './exportFiles'
import { hasCrosshair } from '@/viewer/tools/probe'

/** What the page does beside the viewer. */
export interface ReadingActs {
  readonly next: (() => void) | null
  readonly previous: (() => void) | null
  readonly leave: () => void
  readonly fullScreen: () => void
  readonly trueSize: () => void
  readonly exportPicture: () => void
  /** Null: nothing is open yet. */
  readonly exportMeasurements: ((format: MeasurementFormat) => void) | null
  readonly correct: () => void
  readonly help: () => void
}

const PAN_PIXELS = 60
const DRAWING_KEYS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Escape'])

const LAYOUT_KEYS: readonly (readonly [string, string, LayoutId])[] = [
  ['1', 'Four views, two by two', 'four'],
  ['2', 'Four views in a row', 'row'],
  ['3', 'CC pair', 'cc'],
  ['4', 'MLO pair', 'mlo'],
  ['5', 'One view', 'single'],
  ['6', 'Current over prior', 'prior-four'],
  ['7', 'Current over prior, CC', 'prior-cc'],
  ['8', 'Current over prior, MLO', 'prior-mlo'],
  ['9', 'All images', 'grid'],
]

/** Every act of the viewer has a key; `?` lists them. */
export function useReadingCommands(
  viewer: MammoViewer | null,
  state: ViewerState | null,
  acts: ReadingActs,
): void {
  const all =
    viewer && state
      ? [
          ...hanging(viewer, acts),
          ...moving(viewer, acts),
          ...greys(viewer, state),
          ...rest(viewer, state, acts),
        ]
      : []
  // A tool that draws or probes has the arrows for its crosshair, and Escape.
  useCommands(
    hasCrosshair(state?.tool) ? all.filter(({ keys }) => !keys.some((key) => DRAWING_KEYS.has(key))) : all,
  )
}

function command(
  id: string,
  group: string,
  title: string,
  keys: readonly string[],
  run: () => void,
): Command {
  return { id: `reading-${id}`, group, title, keys, run }
}

function hanging(viewer: MammoViewer, acts: ReadingActs): Command[] {
  const group = 'Hanging'
  return [
    command('step', group, 'Next step: pairs, then each view at 1:1 by quadrants', [' '], () => {
      if (!viewer.step(1)) acts.next?.()
    }),
    command('back', group, 'Step before', ['Backspace'], () => viewer.step(-1)),
    ...LAYOUT_KEYS.map(([key, title, layout]) =>
      command(`layout-${layout}`, group, title, [key], () => viewer.setLayout(layout)),
    ),
    command('pane-next', group, 'Next pane', ['.'], () => activateBy(viewer, 1)),
    command('pane-before', group, 'Pane before', [','], () => activateBy(viewer, -1)),
  ]
}

function activateBy(viewer: MammoViewer, by: 1 | -1): void {
  const keys = viewer.state.panes.map(({ key }) => key)
  const at = keys.indexOf(viewer.state.activeKey ?? '')
  const next = keys[(at + by + keys.length) % keys.length]
  if (next !== undefined) viewer.activate(next)
}

function moving(viewer: MammoViewer, acts: ReadingActs): Command[] {
  const group = 'Looking'
  const pan = (x: number, y: number) => () => viewer.panBy({ x: x * PAN_PIXELS, y: y * PAN_PIXELS })
  return [
    command('fit', group, 'Whole picture', ['f'], () => viewer.fit()),
    command('pixels', group, '1:1, one image pixel a screen pixel', ['x'], () => viewer.oneToOne()),
    command('true-size', group, 'True size', ['z'], acts.trueSize),
    command('in', group, 'Closer', ['+', '='], () => viewer.zoomIn()),
    command('out', group, 'Farther', ['-'], () => viewer.zoomOut()),
    command('left', group, 'Look left', ['ArrowLeft'], pan(1, 0)),
    command('right', group, 'Look right', ['ArrowRight'], pan(-1, 0)),
    command('up', group, 'Look up', ['ArrowUp'], pan(0, 1)),
    command('down', group, 'Look down', ['ArrowDown'], pan(0, -1)),
    command('turn', group, 'Turn by a quarter', ['t'], () => viewer.turn('turned')),
    command('mirror', group, 'Mirror left and right', ['h'], () => viewer.turn('mirrored')),
    command('upend', group, 'Mirror top and bottom', ['v'], () => viewer.turn('upended')),
    command('frame-next', group, 'Next slice', ['PageDown'], () => viewer.scroll(1)),
    command('frame-before', group, 'Slice before', ['PageUp'], () => viewer.scroll(-1)),
    command('cine', group, 'Run through the slices', ['c'], () => viewer.setPlaying(!viewer.state.isPlaying)),
    command('reset', group, 'Everything as it hung', ['r'], () => viewer.reset()),
  ]
}

function greys(viewer: MammoViewer, state: ViewerState): Command[] {
  const group = 'Greys and tools'
  return [
    command('invert', group, 'Invert', ['i'], () => viewer.invert()),
    command('preset-next', group, "Next of the file's windows", [']'], () => viewer.preset(1)),
    command('preset-before', group, "The file's window before", ['['], () => viewer.preset(-1)),
    command('linked', group, 'Link the panes, or not', ['l'], () => viewer.setLinked(!state.isLinked)),
    command('smooth', group, 'Smooth when magnified, or squares', ['S'], () =>
      viewer.setSmooth(!state.isSmooth),
    ),
    command('tool-window', group, 'Drag: window', ['w'], () => viewer.setTool('window')),
    command('tool-pan', group, 'Drag: move', ['m'], () => viewer.setTool('pan')),
    command('tool-zoom', group, 'Drag: zoom', ['e'], () => viewer.setTool('zoom')),
    command('tool-magnify', group, 'Drag: magnifier', ['g'], () => viewer.setTool('magnify')),
  ]
}

function rest(viewer: MammoViewer, state: ViewerState, acts: ReadingActs): Command[] {
  const group = 'Exam'
  return [
    command('overlays', group, 'Words over the pictures, or not', ['o'], () =>
      viewer.setOverlays(!state.hasOverlays),
    ),
    ...(acts.next ? [command('next', group, 'Next exam', ['n'], acts.next)] : []),
    ...(acts.previous ? [command('previous', group, 'Exam before', ['p'], acts.previous)] : []),
    command('export', group, 'Save the view as a picture', ['s'], acts.exportPicture),
    command('export-csv', group, 'Save the measurements as a table (CSV)', ['C'], () =>
      acts.exportMeasurements?.('csv'),
    ),
    command('export-sr', group, 'Save the measurements as DICOM SR', ['D'], () =>
      acts.exportMeasurements?.('dcm'),
    ),
    command('correct', group, 'Correct side or view', ['b'], acts.correct),
    command('full-screen', group, 'Full screen', ['F'], acts.fullScreen),
    command('leave', group, 'Back to the exam', ['Escape'], acts.leave),
    command('help', group, 'This list of keys', ['?'], acts.help),
  ]
}
