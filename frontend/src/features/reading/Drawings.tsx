import { useState } from 'react'
import { Button } from '@/shared/ui/Button'
import { Dialog } from '@/shared/ui/Dialog'
import { Field } from '@/shared/ui/Field'
import { toPane } from '@/viewer/camera'
import type { PaneState } from '@/viewer/state'
import type { Drawn } from '@/viewer/tools/AnnotationStore'
import { measure, measurementsInWords, type ShapeKind } from '@/viewer/tools/shapes'
import { statisticsInWords } from '@/viewer/tools/statistics'
import type { Point } from '@/viewer/types'
import styles from './Drawings.module.css'
import { Handles } from './Handles'
import type { Annotating } from './useAnnotations'

interface DrawingsProps {
  pane: PaneState
  annotating: Annotating
}

/** What is drawn on the image of one pane. Lines keep their width at every zoom. */
export function Drawings({ pane, annotating }: DrawingsProps) {
  const { image } = pane
  if (!image || pane.missing !== null) return null
  const { drawn, draft, cross, edited, hovered } = annotating
  const here = drawn.drawn.filter((one) => one.imageId === image.id && one.frame === pane.frameNumber)
  const isDraftHere = draft?.draft.paneKey === pane.key
  const { width, height } = pane.rect
  return (
    <svg className={styles.drawings} width={width} height={height} data-drawings={here.length}>
      {here.map((one) => (
        <Shape
          key={one.id}
          pane={pane}
          one={one}
          points={edited?.one.id === one.id ? edited.points : one.points}
          isHovered={hovered === one.id}
          annotating={annotating}
        />
      ))}
      {draft && isDraftHere ? <Lines pane={pane} kind={draft.draft.kind} points={draft.points} /> : null}
      {draft && isDraftHere ? (
        <Label
          pane={pane}
          points={draft.points}
          words={wordsOf(pane, draft.draft.kind, draft.points, null)}
          below={null}
        />
      ) : null}
      {cross?.paneKey === pane.key ? <Crosshair at={cross.at} /> : null}
    </svg>
  )
}

const CROSS_PIXELS = 12

function Crosshair({ at }: { at: Point }) {
  return (
    <path
      className={styles.cross}
      d={`M${at.x - CROSS_PIXELS},${at.y}h${2 * CROSS_PIXELS}M${at.x},${at.y - CROSS_PIXELS}v${2 * CROSS_PIXELS}`}
    />
  )
}

function wordsOf(pane: PaneState, kind: ShapeKind, points: readonly Point[], text: string | null): string {
  if (!pane.image) return ''
  const { spacing } = pane.image
  return [measurementsInWords(measure(kind, points, spacing), spacing), text].filter(Boolean).join(' · ')
}

interface ShapeProps {
  pane: PaneState
  one: Drawn
  /** As they stand while it is moved. */
  points: readonly Point[]
  isHovered: boolean
  annotating: Annotating
}

function Shape({ pane, one, points, isHovered, annotating }: ShapeProps) {
  const words = wordsOf(pane, one.kind, points, one.text)
  const whose = one.own ? '' : ` by ${one.userName}`
  const standing = one.state === 'unsaved' ? ', not kept yet' : ''
  // Of the place where it was, no longer where it is being moved to.
  const greys = one.statistics && points === one.points ? statisticsInWords(one.statistics) : null
  const [hasFocus, setFocus] = useState(false)
  return (
    <g
      data-drawing={one.id}
      data-kind={one.kind}
      data-own={one.own}
      data-state={one.state}
      onFocus={() => setFocus(true)}
      onBlur={() => setFocus(false)}
    >
      <Lines pane={pane} kind={one.kind} points={points} />
      <Label pane={pane} points={points} words={`${words}${whose}${standing}`} below={greys} />
      <Handles
        pane={pane}
        one={one}
        points={points}
        words={`${[words || 'no words', greys].filter(Boolean).join('; ')}${whose}${standing}`}
        hasPoints={one.own && (isHovered || hasFocus)}
        annotating={annotating}
      />
    </g>
  )
}

function Lines({ pane, kind, points }: { pane: PaneState; kind: ShapeKind; points: readonly Point[] }) {
  const shown = points.map((point) => toPane(pane.camera, pane.rect, point))
  const [a, b, c, d] = shown
  if (!a) return null
  if (kind === 'text') return <circle className={styles.line} cx={a.x} cy={a.y} r={3} />
  if (kind === 'ellipse' && b && c && d) {
    const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
    const turn = (Math.atan2(b.y - a.y, b.x - a.x) * 180) / Math.PI
    return (
      <ellipse
        className={styles.line}
        cx={middle.x}
        cy={middle.y}
        rx={Math.hypot(b.x - a.x, b.y - a.y) / 2}
        ry={Math.hypot(d.x - c.x, d.y - c.y) / 2}
        transform={`rotate(${turn} ${middle.x} ${middle.y})`}
      />
    )
  }
  const path = shown.map(({ x, y }) => `${x},${y}`).join(' ')
  return (
    <>
      {kind === 'freehand' ? (
        <polygon className={styles.line} points={path} />
      ) : (
        <polyline className={styles.line} points={path} />
      )}
      {kind === 'arrow' && b ? <ArrowHead head={a} tail={b} /> : null}
    </>
  )
}

const HEAD_PIXELS = 12
const HEAD_RADIANS = 0.45

function ArrowHead({ head, tail }: { head: Point; tail: Point }) {
  const along = Math.atan2(tail.y - head.y, tail.x - head.x)
  const wing = (by: number) =>
    `${head.x + HEAD_PIXELS * Math.cos(along + by)},${head.y + HEAD_PIXELS * Math.sin(along + by)}`
  return (
    <polyline
      className={styles.line}
      points={`${wing(HEAD_RADIANS)} ${head.x},${head.y} ${wing(-HEAD_RADIANS)}`}
    />
  )
}

const LABEL_PIXELS = 10
const LINE_PIXELS = 16
/** What a letter takes about, at this size. */
const LETTER_PIXELS = 7

interface LabelProps {
  pane: PaneState
  points: readonly Point[]
  words: string
  /** In a second line. */
  below: string | null
}

/** Beside the last point, on the side where there is room. */
function Label({ pane, points, words, below }: LabelProps) {
  const last = points.at(-1)
  if (!last || words === '') return null
  const { width, height } = pane.rect
  const at = toPane(pane.camera, pane.rect, last)
  const room = Math.max(words.length, below?.length ?? 0) * LETTER_PIXELS
  const isLeft = at.x + room > width && at.x > width / 2
  const x = at.x + (isLeft ? -LABEL_PIXELS : LABEL_PIXELS)
  const lowest = height - LABEL_PIXELS - (below === null ? 0 : LINE_PIXELS)
  const place = {
    x,
    y: Math.min(Math.max(at.y - LABEL_PIXELS, LABEL_PIXELS * 2), lowest),
    textAnchor: isLeft ? 'end' : 'start',
  } as const
  return (
    <>
      <text className={styles.label} {...place}>
        {words}
      </text>
      {below === null ? null : (
        <text className={styles.label} {...place} y={place.y + LINE_PIXELS} data-statistics>
          {below}
        </text>
      )}
    </>
  )
}

/** The words of a text that has its place. */
export function TextDialog({ words, onDone }: { words: string; onDone: (text: string | null) => void }) {
  const [text, setText] = useState(words)
  return (
    <Dialog isOpen onClose={() => onDone(null)} title="Text on the image">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onDone(text.trim() || null)
        }}
      >
        <Field label="Text" value={text} maxLength={2000} onChange={(event) => setText(event.target.value)} />
        <Button kind="primary" type="submit" disabled={text.trim() === ''}>
          Put it there
        </Button>
      </form>
    </Dialog>
  )
}
