import { useEffect, useRef } from 'react'
import { formatMegabytes } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { linearOf, toPane } from '@/viewer/camera'
import { paneDescription } from '@/viewer/hanging'
import type { MammoViewer } from '@/viewer/MammoViewer'
import type { PaneState, ViewerState } from '@/viewer/state'
import { windowInWords } from '@/viewer/sync/windows'
import styles from './Panes.module.css'
import { scaleBar } from './scaleBar'
import { pictureOf } from './api'
import { Drawings } from './Drawings'
import { ProbeLine } from './ProbeLine'
import type { Annotating } from './useAnnotations'

interface PanesProps {
  viewer: MammoViewer
  state: ViewerState
  patient: string | null
  annotating: Annotating
}

/** What lies over the pictures: names, states, words of the file. The pictures themselves are the viewer's. */
export function Panes({ viewer, state, patient, annotating }: PanesProps) {
  return (
    <>
      {state.panes.map((pane) => (
        <Pane
          key={pane.key}
          pane={pane}
          patient={state.hasOverlays ? patient : null}
          annotating={annotating}
          hasOverlays={state.hasOverlays}
          isActive={pane.key === state.activeKey && state.panes.length > 1}
          isFallback={state.fallback !== null}
          onRetry={() => viewer.retry()}
          onFrame={(number) => viewer.showFrame(pane.key, number)}
        />
      ))}
    </>
  )
}

interface PaneProps {
  pane: PaneState
  patient: string | null
  annotating: Annotating
  hasOverlays: boolean
  isActive: boolean
  isFallback: boolean
  onRetry: () => void
  onFrame: (number: number) => void
}

function Pane(props: PaneProps) {
  const { pane, hasOverlays, isActive, isFallback, onRetry, onFrame } = props
  const { left, top, width, height } = pane.rect
  return (
    <section
      className={styles.pane}
      style={{ left, top, width, height }}
      tabIndex={0}
      aria-label={paneDescription(pane)}
      aria-current={isActive || undefined}
      data-pane={pane.key}
      data-image={pane.image?.id}
      data-frame-state={pane.missing === null ? pane.frameState : 'missing'}
      data-half={pane.chestWall === 'left' ? 'right' : 'left'}
    >
      {isFallback && pane.image ? <Rendered pane={pane} /> : null}
      {pane.missing !== null ? (
        <p className={styles.missing}>
          <strong>{pane.label}</strong>
          <span>{pane.missing}</span>
        </p>
      ) : null}
      {pane.problem ? (
        <div className={styles.problem} role="alert">
          <p>{pane.problem.message}</p>
          {pane.problem.code === 'gone' ? null : <Button onClick={onRetry}>Try again</Button>}
        </div>
      ) : null}
      {pane.missing === null ? <Progress pane={pane} isFallback={isFallback} /> : null}
      {isFallback ? null : <Drawings pane={pane} annotating={props.annotating} />}
      {isFallback || !props.annotating.probe ? null : (
        <ProbeLine pane={pane} probe={props.annotating.probe} />
      )}
      {hasOverlays && pane.missing === null ? <Words {...props} /> : null}
      {pane.frameCount > 1 ? <Slices pane={pane} onFrame={onFrame} /> : null}
    </section>
  )
}

/** Where no graphics card draws: the server's picture, laid as the pane would be. */
function Rendered({ pane }: { pane: PaneState }) {
  const picture = useRef<HTMLImageElement>(null)
  const { camera, rect, image } = pane
  useEffect(() => {
    if (!picture.current) return
    const { a, b, c, d } = linearOf(camera)
    const corner = toPane(camera, rect, { x: 0, y: 0 })
    picture.current.style.transform = `matrix(${a}, ${c}, ${b}, ${d}, ${corner.x}, ${corner.y})`
  }, [camera, rect])
  const source = image ? pictureOf(image) : null
  if (!image || source === null) return null
  return (
    <img
      ref={picture}
      className={styles.rendered}
      src={source}
      alt=""
      width={image.columns ?? undefined}
      height={image.rows ?? undefined}
      draggable={false}
    />
  )
}

function Progress({ pane, isFallback }: { pane: PaneState; isFallback: boolean }) {
  const { frameState, received, total, problem } = pane
  if (isFallback || problem || frameState === 'full' || frameState === 'failed') return null
  const share = total ? received / total : 0
  const words = frameState === 'waiting' ? 'Loading' : 'Loading full resolution'
  return (
    <p className={styles.progress} role="status">
      {words} {total ? `${Math.floor(share * 100)} %` : ''}
      <span className="visually-hidden">{total ? ` of ${formatMegabytes(total)}` : ''}</span>
    </p>
  )
}

/** Side and view stand at the outer upper corner, where no breast is; technique and window below. */
function Words({ pane, patient, annotating }: PaneProps) {
  const { image, window } = pane
  if (!image) return null
  const technique = image.technique
  const facts = [
    technique?.kvpKv ? `${round(technique.kvpKv)} kV` : null,
    technique?.exposureMas ? `${round(technique.exposureMas)} mAs` : null,
    technique?.organDoseMgy ? `${technique.organDoseMgy.toFixed(2)} mGy` : null,
    technique?.bodyPartThicknessMm ? `${round(technique.bodyPartThicknessMm)} mm` : null,
    technique?.compressionForceN ? `${round(technique.compressionForceN)} N` : null,
  ].filter((one) => one !== null)
  const marks = [
    image.presentationIntentType === 'FOR PROCESSING' ? 'FOR PROCESSING' : null,
    image.lossy ? `LOSSY${image.lossyRatio ? ` ${round(image.lossyRatio)}:1` : ''}` : null,
    isKeyImage(pane, annotating) ? 'KEY IMAGE' : null,
    pane.isTurned ? 'TURNED' : null,
    pane.tone.isInverted ? 'INVERTED' : null,
  ].filter((one) => one !== null)
  const bar = scaleBar(image.spacing, pane.camera.scale)
  return (
    <div className={styles.words}>
      <p className={styles.name}>
        <strong>{pane.label}</strong>
        {patient ? <span>{patient}</span> : null}
        {marks.map((mark) => (
          <span key={mark} className={styles.mark}>
            {mark}
          </span>
        ))}
      </p>
      <p className={styles.foot}>
        {facts.length > 0 ? <span>{facts.join(' · ')}</span> : null}
        {window ? <span>{windowInWords(window)}</span> : null}
        {pane.frameCount > 1 ? (
          <span>
            {pane.frameNumber} / {pane.frameCount}
          </span>
        ) : null}
        {bar ? (
          <span className={styles.bar}>
            <span className={styles.line} style={{ width: bar.pixels }} />
            {bar.words}
          </span>
        ) : (
          <span>no spacing in the file</span>
        )}
      </p>
    </div>
  )
}

function isKeyImage({ image, frameNumber }: PaneState, { drawn }: Annotating): boolean {
  return drawn.keyImages.some((one) => one.imageId === image?.id && one.frame === frameNumber)
}

function round(value: number): string {
  return Number(value.toPrecision(3)).toString()
}

function Slices({ pane, onFrame }: { pane: PaneState; onFrame: (number: number) => void }) {
  return (
    <input
      className={styles.slices}
      type="range"
      data-control
      min={1}
      max={pane.frameCount}
      value={pane.frameNumber}
      aria-label={`Slice of ${pane.label}`}
      onChange={(event) => onFrame(Number(event.target.value))}
    />
  )
}
