import type { ReactNode } from 'react'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, ChevronLeft, ChevronRight, Maximize, PanelRight, ZoomIn, ZoomOut } from 'lucide-react'
import type { ImageFilters } from '@/shared/api/imageFilters'
import { IconButton, iconButtonClass } from '@/shared/ui/Button'
import { Tooltip } from '@/shared/ui/Tooltip'
import styles from './Stage.module.css'
import type { ViewportControls } from './useViewport'

export interface ToolbarProps {
  title: ReactNode
  filters: ImageFilters
  /** The way into the viewer; none for what has no picture by its nature. */
  reading?: ReactNode
  onNewer: (() => void) | null
  onOlder: (() => void) | null
  isPanelOpen: boolean
  onTogglePanel: () => void
}

/** One slim line; `children` are the choices that this image offers, on a phone in a line of their own. */
export function Toolbar(props: ToolbarProps & { controls: ViewportControls | null; children?: ReactNode }) {
  const { title, filters, reading, onNewer, onOlder, isPanelOpen, onTogglePanel, controls, children } = props
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
      {reading}
      {children}
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
