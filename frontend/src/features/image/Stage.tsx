import { type RefObject, useMemo, useRef, useState } from 'react'
import { noteView } from '@/shared/api/images'
import type { ImageDetail } from '@/shared/api/types'
import { describeImage, hasEstimatedWindow } from '@/shared/format/image'
import { useCommands } from '@/shared/keys/commands'
import { useLooking } from '@/shared/looking/useLooking'
import { BeingMade, NotReady, PictureBroken, PictureRefused } from './NotReady'
import {
  DEFAULT_PICTURE,
  isDefaultPicture,
  isServedElsewhere,
  pictureAddress,
  pictureInWords,
  pictureName,
} from './picture'
import { PictureControls, type PictureControlsProps } from './PictureControls'
import type { Rendition } from './rendition'
import styles from './Stage.module.css'
import { Toolbar, type ToolbarProps } from './Toolbar'
import { useRendition } from './useRendition'
import { useViewport, type ViewportControls } from './useViewport'
import type { Size } from './viewport'

type StageProps = ToolbarProps & PictureControlsProps

/** A picture that has arrived, with what it shows: it stays until the next one has arrived, and says so. */
interface Loaded {
  source: string
  size: Size
  name: string
  marks: readonly string[]
}

const PAN_PIXELS = 80

/** The image on pure black, with one slim toolbar. */
export function Stage(props: StageProps) {
  const { image, picture, onPicture } = props
  const pane = useRef<HTMLDivElement>(null)
  const layers = useRef<HTMLDivElement>(null)
  const address = image.status === 'ready' ? pictureAddress(image, picture) : null
  const isDefault = isDefaultPicture(picture)
  const { rendition, again } = useRendition(isDefault ? null : address)
  const [loaded, setLoaded] = useState<Loaded | null>(null)
  const [broken, setBroken] = useState<string | null>(null)
  const controls = useViewport(pane, layers, useKnownSize(image, loaded?.size ?? null))
  useStageKeys(controls, props.onNewer, props.onOlder)
  useLooking(loaded !== null && loaded.source === address ? [image.id] : [])
  const isRefused = rendition?.at === 'refused'
  const isShown = address !== null && broken !== address && !isRefused
  const source = isDefault || rendition?.at === 'ready' ? address : null
  const name = pictureName(image, picture)
  return (
    <section className={styles.stage} aria-label="Picture">
      <Toolbar {...props} controls={isShown ? controls : null}>
        {address === null ? null : <PictureControls image={image} picture={picture} onPicture={onPicture} />}
      </Toolbar>
      <div
        ref={pane}
        className={styles.pane}
        data-testid="pane"
        data-loaded={(loaded !== null && loaded.source === address) || undefined}
        data-fitted={controls.isFitted || undefined}
      >
        {isShown ? (
          <>
            <Pictures
              box={layers}
              source={source}
              loaded={loaded}
              alt={describeImage(image)}
              onLoad={(size) => {
                setLoaded({ source: address, size, name, marks: pictureInWords(image, picture) })
                if (isServedElsewhere(address)) void noteView(image.id)
              }}
              onError={() => setBroken(address)}
            />
            {loaded?.source === address ? null : <Coming rendition={rendition} name={name} loaded={loaded} />}
            <Marks image={image} chosen={loaded?.marks ?? []} />
          </>
        ) : null}
        {broken !== null && broken === address ? (
          <PictureBroken
            onAgain={() => {
              setBroken(null)
              again()
            }}
          />
        ) : null}
        {isRefused ? (
          <PictureRefused
            problem={rendition.problem}
            name={name}
            onAgain={again}
            onDefault={() => onPicture(DEFAULT_PICTURE)}
          />
        ) : null}
        {image.status === 'ready' ? null : <NotReady image={image} />}
      </div>
    </section>
  )
}

interface PicturesProps {
  box: RefObject<HTMLDivElement | null>
  /** Null while it is being made. */
  source: string | null
  loaded: Loaded | null
  alt: string
  onLoad: (size: Size) => void
  onError: () => void
}

/** The picture that is wanted, over the one before it until it has arrived: no black between two grey scales. */
function Pictures({ box, source, loaded, alt, onLoad, onError }: PicturesProps) {
  const before = loaded !== null && loaded.source !== source ? loaded.source : null
  return (
    <div ref={box} className={styles.picture}>
      {before === null ? null : (
        <img key={before} src={before} alt="" draggable={false} className={styles.before} />
      )}
      {source === null ? null : (
        <img
          key={source}
          src={source}
          alt={alt}
          draggable={false}
          data-hidden={before !== null || undefined}
          onLoad={(event) =>
            onLoad({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })
          }
          onError={onError}
        />
      )}
    </div>
  )
}

interface ComingProps {
  rendition: Rendition | null
  name: string
  loaded: Loaded | null
}

/** Says what comes, and that what one sees meanwhile is something else. */
function Coming({ rendition, name, loaded }: ComingProps) {
  const isBeingMade = rendition?.at === 'making'
  if (isBeingMade && loaded === null) return <BeingMade name={name} />
  return (
    <p className={styles.loading} role="status" data-making={isBeingMade || undefined}>
      {isBeingMade ? `${name}: being made…` : 'Loading full resolution'}
      {loaded === null || rendition === null ? null : <span>Still shown: {loaded.name}</span>}
    </p>
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

/** What a reader must not overlook, in a corner, never on the breast's middle. */
function Marks({ image, chosen }: { image: ImageDetail; chosen: readonly string[] }) {
  const marks: string[] = []
  if (image.presentationIntentType === 'FOR PROCESSING') marks.push('FOR PROCESSING')
  if (image.conflictsWith !== null) marks.push('SAME UID, OTHER PIXELS')
  if (image.warnings.includes('lossy_codestream_under_lossless_syntax')) marks.push('LOSSY')
  if (hasEstimatedWindow(image)) marks.push('ESTIMATED WINDOW')
  return marks.length + chosen.length === 0 ? null : (
    <ul className={styles.marks} data-testid="marks">
      {marks.map((mark) => (
        <li key={mark}>{mark}</li>
      ))}
      {chosen.map((mark) => (
        <li key={mark} className={styles.chosen}>
          {mark}
        </li>
      ))}
    </ul>
  )
}
