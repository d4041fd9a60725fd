import { type ReactNode, useMemo, useRef, useState } from 'react'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, ChevronLeft, ChevronRight, Maximize, PanelRight, ZoomIn, ZoomOut } from 'lucide-react'
import type { ImageFilters } from '@/shared/api/imageFilters'
import type { ImageDetail } from '@/shared/api/types'
import { describeImage, hasEstimatedWindow } from '@/shared/format/image'
import { useCommands } from '@/shared/keys/commands'
import { IconButton, iconButtonClass } from '@/shared/ui/Button'
import { Tooltip } from '@/shared/ui/Tooltip'
import { NotReady, PictureBroken } from './NotReady'
import styles from './Stage.module.css'
import { useViewport, type ViewportControls } from './useViewport'
import type { Size } from './viewport'

interface StageProps {
  image: ImageDetail
  title: ReactNode
  filters: ImageFilters
  onNewer: (() => void) | null
  onOlder: (() => void) | null
  isPanelOpen: boolean
  onTogglePanel: () => void
}

const PAN_PIXELS = 80

/** The image on pure black, with one slim toolbar. */
export function Stage(props: StageProps) {
  const { image } = props
  const pane = useRef<HTMLDivElement>(null)
  const picture = useRef<HTMLImageElement>(null)
  const [natural, setNatural] = useState<Size | null>(null)
  const [isBroken, setBroken] = useState(false)
  const controls = useViewport(pane, picture, useKnownSize(image, natural))
  useStageKeys(controls, props.onNewer, props.onOlder)
  const isShown = image.status === 'ready' && image.links.png !== null && !isBroken
  return (
    <section className={styles.stage} aria-label="Picture">
      <Toolbar {...props} controls={isShown ? controls : null} />
      <div
        ref={pane}
        className={styles.pane}
        data-testid="pane"
        data-loaded={natural !== null || undefined}
        data-fitted={controls.isFitted || undefined}
      >
        {isShown && image.links.png !== null ? (
          <>
            <img
              ref={picture}
              src={image.links.png}
              alt={describeImage(image)}
              className={styles.picture}
              draggable={false}
              onLoad={(event) =>
                setNatural({
                  width: event.currentTarget.naturalWidth,
                  height: event.currentTarget.naturalHeight,
                })
              }
              onError={() => setBroken(true)}
            />
            {natural === null ? (
              <p className={styles.loading} role="status">
                Loading full resolution
              </p>
            ) : null}
            <Marks image={image} />
          </>
        ) : null}
        {isBroken ? <PictureBroken onAgain={() => setBroken(false)} /> : null}
        {image.status === 'ready' ? null : <NotReady image={image} />}
      </div>
    </section>
  )
}

/** The header's size places the picture before it is loaded; the loaded picture's own size then counts. */
function useKnownSize(image: ImageDetail, natural: Size | null): Size | null {
  const width = natural?.width ?? image.columns ?? 0
  const height = natural?.height ?? image.rows ?? 0
  return useMemo(() => (width > 0 && height > 0 ? { width, height } : null), [width, height])
}

/** Arrow keys pan what is larger than the pane, and turn the pages otherwise. */
function useStageKeys(
  controls: ViewportControls,
  onNewer: (() => void) | null,
  onOlder: (() => void) | null,
): void {
  const move = (x: number, y: number) => controls.pan({ x: x * PAN_PIXELS, y: y * PAN_PIXELS })
  const group = 'Image'
  useCommands([
    { id: 'zoom-in', title: 'Zoom in', group, keys: ['+', '='], run: () => controls.zoom(1.25) },
    { id: 'zoom-out', title: 'Zoom out', group, keys: ['-'], run: () => controls.zoom(0.8) },
    { id: 'zoom-fit', title: 'Fit', group, keys: ['0'], run: controls.fit },
    {
      id: 'zoom-actual',
      title: 'One image pixel on one screen pixel',
      group,
      keys: ['1'],
      run: controls.actualSize,
    },
    {
      id: 'left',
      title: 'Pan left, or image before',
      group,
      keys: ['ArrowLeft'],
      run: () => (controls.isFitted ? onNewer?.() : move(1, 0)),
    },
    {
      id: 'right',
      title: 'Pan right, or next image',
      group,
      keys: ['ArrowRight'],
      run: () => (controls.isFitted ? onOlder?.() : move(-1, 0)),
    },
    { id: 'up', title: 'Pan up', group, keys: ['ArrowUp'], run: () => move(0, 1) },
    { id: 'down', title: 'Pan down', group, keys: ['ArrowDown'], run: () => move(0, -1) },
  ])
}

function Toolbar(props: StageProps & { controls: ViewportControls | null }) {
  const { title, filters, onNewer, onOlder, isPanelOpen, onTogglePanel, controls } = props
  return (
    <div className={styles.toolbar}>
      <Tooltip label="Back to the gallery" keys="g i">
        <Link
          to="/"
          search={filters}
          resetScroll={false}
          className={iconButtonClass()}
          aria-label="Back to the gallery"
        >
          <ArrowLeft />
        </Link>
      </Tooltip>
      <div className={styles.title}>{title}</div>
      <div className={styles.group} role="group" aria-label="Images">
        <IconButton label="Image before" keys="k" disabled={!onNewer} onClick={onNewer ?? undefined}>
          <ChevronLeft />
        </IconButton>
        <IconButton label="Next image" keys="j" disabled={!onOlder} onClick={onOlder ?? undefined}>
          <ChevronRight />
        </IconButton>
      </div>
      {controls ? <ZoomButtons controls={controls} /> : null}
      <IconButton label="Facts" keys="i" aria-pressed={isPanelOpen} onClick={onTogglePanel}>
        <PanelRight />
      </IconButton>
    </div>
  )
}

function ZoomButtons({ controls }: { controls: ViewportControls }) {
  return (
    <div className={styles.group} role="group" aria-label="Zoom">
      <IconButton label="Zoom out" keys="-" className={styles.wide} onClick={() => controls.zoom(0.8)}>
        <ZoomOut />
      </IconButton>
      <output className={`${styles.scale} ${styles.wide}`} aria-label="Zoom">
        {controls.scale === null ? '' : `${Math.round(controls.scale * window.devicePixelRatio * 100)} %`}
      </output>
      <IconButton label="Zoom in" keys="+" className={styles.wide} onClick={() => controls.zoom(1.25)}>
        <ZoomIn />
      </IconButton>
      <IconButton label="Fit" keys="0" onClick={controls.fit}>
        <Maximize />
      </IconButton>
      <IconButton label="1:1, one image pixel on one screen pixel" keys="1" onClick={controls.actualSize}>
        <span className={styles.ratio}>1:1</span>
      </IconButton>
    </div>
  )
}

/** What a reader must not overlook, in a corner, never on the breast's middle. */
function Marks({ image }: { image: ImageDetail }) {
  const marks: string[] = []
  if (image.presentationIntentType === 'FOR PROCESSING') marks.push('FOR PROCESSING')
  if (image.conflictsWith !== null) marks.push('SAME UID, OTHER PIXELS')
  if (hasEstimatedWindow(image)) marks.push('ESTIMATED WINDOW')
  return marks.length === 0 ? null : (
    <ul className={styles.marks}>
      {marks.map((mark) => (
        <li key={mark}>{mark}</li>
      ))}
    </ul>
  )
}
