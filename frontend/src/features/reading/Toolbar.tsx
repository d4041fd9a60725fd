import type { ReactNode } from 'react'
import {
  ArrowLeft,
  ChevronLeft,
  ChevronRight,
  Circle,
  CircleHelp,
  Contrast,
  Crosshair,
  FlipHorizontal2,
  LayoutGrid,
  Lasso,
  Link2,
  Maximize,
  MessageSquareText,
  Move,
  MoveUpLeft,
  Pencil,
  Pipette,
  Play,
  RotateCcw,
  RotateCw,
  Ruler,
  Search,
  SkipForward,
  Scaling,
  SunMedium,
  Triangle,
  Type,
  ZoomIn,
} from 'lucide-react'
import { IconButton } from '@/shared/ui/Button'
import { Menu, MenuChoice, MenuChoices } from '@/shared/ui/Menu'
import { layoutName } from '@/viewer/hanging'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { Tool, ViewerState } from '@/viewer/state'
import { presets } from '@/viewer/voi/table'
import { ExportMenu } from './ExportMenu'
import styles from './ReadingPage.module.css'
import type { ReadingActs } from './useReadingCommands'

const TOOLS: readonly { tool: Tool; label: string; keys: string; icon: ReactNode }[] = [
  { tool: 'window', label: 'Drag: window', keys: 'w', icon: <SunMedium /> },
  { tool: 'pan', label: 'Drag: move', keys: 'm', icon: <Move /> },
  { tool: 'zoom', label: 'Drag: zoom', keys: 'e', icon: <ZoomIn /> },
  { tool: 'magnify', label: 'Drag: magnifier', keys: 'g', icon: <Search /> },
  { tool: 'probe', label: 'Value under the pointer', keys: '0', icon: <Pipette /> },
  { tool: 'length', label: 'Draw: length', keys: 'd', icon: <Ruler /> },
  { tool: 'ellipse', label: 'Draw: ellipse', keys: 'q', icon: <Circle /> },
  { tool: 'angle', label: 'Draw: angle', keys: 'j', icon: <Triangle /> },
  { tool: 'arrow', label: 'Draw: arrow', keys: 'a', icon: <MoveUpLeft /> },
  { tool: 'freehand', label: 'Draw: freehand', keys: 'y', icon: <Lasso /> },
  { tool: 'text', label: 'Draw: text', keys: 'u', icon: <MessageSquareText /> },
]

interface ToolbarProps {
  title: string
  viewer: MammoViewer
  state: ViewerState
  acts: ReadingActs
}

/** One black line above the pictures. */
export function Toolbar({ title, viewer, state, acts }: ToolbarProps) {
  const hasSlices = state.panes.some(({ frameCount }) => frameCount > 1)
  return (
    <header className={styles.toolbar} role="toolbar" aria-label="Viewer">
      <IconButton label="Back to the exam" keys="Escape" side="bottom" onClick={acts.leave}>
        <ArrowLeft />
      </IconButton>
      <h1 className={styles.title}>{title}</h1>
      <output className={styles.step}>{state.stepWords ?? layoutName(state.layout)}</output>
      <span className={styles.spring} />
      <LayoutMenu viewer={viewer} state={state} />
      <IconButton label="Next step" keys="Space" side="bottom" onClick={() => viewer.step(1)}>
        <SkipForward />
      </IconButton>
      <ToolButtons viewer={viewer} tool={state.tool} />
      <div className={styles.group} role="group" aria-label="Greys">
        <PresetMenu viewer={viewer} state={state} />
        <IconButton label="Invert" keys="i" side="bottom" onClick={() => viewer.invert()}>
          <Contrast />
        </IconButton>
      </div>
      <LookingButtons viewer={viewer} acts={acts} hasSlices={hasSlices} isPlaying={state.isPlaying} />
      <ViewButtons viewer={viewer} state={state} acts={acts} />
      <ExamButtons acts={acts} />
    </header>
  )
}

function ToolButtons({ viewer, tool: chosen }: { viewer: MammoViewer; tool: Tool }) {
  return (
    <div className={styles.group} role="group" aria-label="What dragging does">
      {TOOLS.map(({ tool, label, keys, icon }) => (
        <IconButton
          key={tool}
          label={label}
          keys={keys}
          side="bottom"
          aria-pressed={chosen === tool}
          onClick={() => viewer.setTool(tool)}
        >
          {icon}
        </IconButton>
      ))}
    </div>
  )
}

function ViewButtons({ viewer, state, acts }: Omit<ToolbarProps, 'title'>) {
  return (
    <div className={styles.group} role="group" aria-label="Page">
      <IconButton
        label="Link the panes"
        keys="l"
        side="bottom"
        aria-pressed={state.isLinked}
        onClick={() => viewer.setLinked(!state.isLinked)}
      >
        <Link2 />
      </IconButton>
      <IconButton
        label="Words over the pictures"
        keys="o"
        side="bottom"
        aria-pressed={state.hasOverlays}
        onClick={() => viewer.setOverlays(!state.hasOverlays)}
      >
        <Type />
      </IconButton>
      <IconButton label="Correct side or view" keys="b" side="bottom" onClick={acts.correct}>
        <Pencil />
      </IconButton>
      <ExportMenu acts={acts} />
      <IconButton label="Full screen" keys="F" side="bottom" onClick={acts.fullScreen}>
        <Maximize />
      </IconButton>
      <IconButton label="Keys" keys="?" side="bottom" onClick={acts.help}>
        <CircleHelp />
      </IconButton>
    </div>
  )
}

function ExamButtons({ acts }: { acts: ReadingActs }) {
  return (
    <div className={styles.group} role="group" aria-label="Exams">
      <IconButton
        label="Exam before"
        keys="p"
        side="bottom"
        disabled={!acts.previous}
        onClick={acts.previous ?? undefined}
      >
        <ChevronLeft />
      </IconButton>
      <IconButton
        label="Next exam"
        keys="n"
        side="bottom"
        disabled={!acts.next}
        onClick={acts.next ?? undefined}
      >
        <ChevronRight />
      </IconButton>
    </div>
  )
}

interface LookingProps {
  viewer: MammoViewer
  acts: ReadingActs
  hasSlices: boolean
  isPlaying: boolean
}

function LookingButtons({ viewer, acts, hasSlices, isPlaying }: LookingProps) {
  return (
    <div className={styles.group} role="group" aria-label="Looking">
      <IconButton
        label="1:1, one image pixel a screen pixel"
        keys="x"
        side="bottom"
        onClick={() => viewer.oneToOne()}
      >
        <Crosshair />
      </IconButton>
      <IconButton label="True size" keys="z" side="bottom" onClick={acts.trueSize}>
        <Scaling />
      </IconButton>
      <IconButton
        label="Mirror left and right"
        keys="h"
        side="bottom"
        onClick={() => viewer.turn('mirrored')}
      >
        <FlipHorizontal2 />
      </IconButton>
      <IconButton label="Turn by a quarter" keys="t" side="bottom" onClick={() => viewer.turn('turned')}>
        <RotateCw />
      </IconButton>
      {hasSlices ? (
        <IconButton
          label="Run through the slices"
          keys="c"
          side="bottom"
          aria-pressed={isPlaying}
          onClick={() => viewer.setPlaying(!isPlaying)}
        >
          <Play />
        </IconButton>
      ) : null}
      <IconButton label="Everything as it hung" keys="r" side="bottom" onClick={() => viewer.reset()}>
        <RotateCcw />
      </IconButton>
    </div>
  )
}

function LayoutMenu({ viewer, state }: { viewer: MammoViewer; state: ViewerState }) {
  return (
    <Menu
      trigger={
        <button type="button" className={styles.menu} aria-label={`Layout: ${layoutName(state.layout)}`}>
          <LayoutGrid />
        </button>
      }
    >
      <MenuChoices
        label="Layout"
        value={state.layout}
        onChange={(value) => {
          const layout = state.layouts.find((one) => one === value)
          if (layout) viewer.setLayout(layout)
        }}
      >
        {state.layouts.map((layout) => (
          <MenuChoice key={layout} value={layout}>
            {layoutName(layout)}
          </MenuChoice>
        ))}
      </MenuChoices>
    </Menu>
  )
}

/** The windows and tables that the file of the active pane offers. */
function PresetMenu({ viewer, state }: { viewer: MammoViewer; state: ViewerState }) {
  const pane = state.panes.find(({ key }) => key === state.activeKey)
  const greyScale = pane?.image?.greyScale
  if (!pane || !greyScale) return null
  return (
    <Menu
      trigger={
        <button type="button" className={styles.menu} aria-label="Windows of the file">
          <SunMedium />
        </button>
      }
    >
      <MenuChoices
        label="Windows of the file"
        value={pane.tone.window ? '' : pane.tone.voiId}
        onChange={(value) => viewer.choosePreset(value)}
      >
        {presets(greyScale).map((one) => (
          <MenuChoice key={one.id} value={one.id} detail={detailOf(one)}>
            {one.explanation ?? one.id}
          </MenuChoice>
        ))}
      </MenuChoices>
    </Menu>
  )
}

function detailOf(one: ReturnType<typeof presets>[number]): string {
  if (one.lut) return `VOI LUT, ${one.lut.bits} bits`
  return `${one.function} C ${one.center} W ${one.width}`
}
