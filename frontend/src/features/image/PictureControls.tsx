import { useState } from 'react'
import { ChevronDown, Contrast, Layers, StepBack, StepForward } from 'lucide-react'
import type { ImageDetail } from '@/shared/api/types'
import { useCommands } from '@/shared/keys/commands'
import { Button, IconButton } from '@/shared/ui/Button'
import { Menu, MenuChoice, MenuChoices } from '@/shared/ui/Menu'
import { greyScalesOf, stepGreyScale } from './greyScale'
import { frameCount, middleFrame, type Picture } from './picture'
import styles from './PictureControls.module.css'

export interface PictureControlsProps {
  image: ImageDetail
  picture: Picture
  onPicture: (change: Partial<Picture>) => void
}

/** Which picture of the image: grey scale, overlays, frame. Only what the image really offers is there. */
export function PictureControls(props: PictureControlsProps) {
  const { image } = props
  const hasGreyScales = greyScalesOf(image.acquisition).length > 1
  const hasOverlays = image.acquisition?.hasOverlays === true
  const hasFrames = frameCount(image) > 1
  if (!hasGreyScales && !hasOverlays && !hasFrames) return null
  return (
    <div className={styles.controls} role="group" aria-label="Picture">
      {hasGreyScales ? <GreyScaleMenu {...props} /> : null}
      {hasOverlays ? <OverlaySwitch {...props} /> : null}
      {hasFrames ? <FrameStepper {...props} /> : null}
    </div>
  )
}

/** Radio values are text; no candidate has this name. */
const DEFAULT = 'default'

function GreyScaleMenu({ image, picture, onPicture }: PictureControlsProps) {
  const choices = greyScalesOf(image.acquisition)
  const chosen = choices.find((choice) => choice.voi === picture.voi)
  function step(by: 1 | -1): void {
    const voi = stepGreyScale(image.acquisition, picture.voi, by)
    if (voi !== undefined) onPicture({ voi })
  }
  const group = 'Image'
  useCommands([
    { id: 'grey-next', title: 'Next grey scale', group, keys: [']', 'w'], run: () => step(1) },
    { id: 'grey-before', title: 'Grey scale before', group, keys: ['[', 'W'], run: () => step(-1) },
  ])
  return (
    <Menu
      trigger={
        <Button
          kind="quiet"
          className={styles.greyScale}
          icon={<Contrast aria-hidden="true" />}
          title="Grey scale: [ and ] step through"
          aria-label={`Grey scale: ${chosen?.name ?? 'default'}`}
        >
          <span className={styles.chosen}>{chosen?.name}</span>
          <ChevronDown aria-hidden="true" />
        </Button>
      }
    >
      <MenuChoices
        label="Grey scale"
        value={picture.voi ?? DEFAULT}
        onChange={(value) => onPicture({ voi: value === DEFAULT ? null : value })}
      >
        {choices.map((choice) => (
          <MenuChoice key={choice.voi ?? DEFAULT} value={choice.voi ?? DEFAULT} detail={choice.detail}>
            {choice.name}
          </MenuChoice>
        ))}
      </MenuChoices>
    </Menu>
  )
}

function OverlaySwitch({ picture, onPicture }: PictureControlsProps) {
  const toggle = () => onPicture({ overlays: !picture.overlays })
  useCommands([{ id: 'overlays', title: 'Show or hide overlays', group: 'Image', keys: ['o'], run: toggle }])
  return (
    <IconButton
      label="Overlays of the file"
      keys="o"
      className={styles.switch}
      aria-pressed={picture.overlays}
      onClick={toggle}
    >
      <Layers />
    </IconButton>
  )
}

function FrameStepper({ image, picture, onPicture }: PictureControlsProps) {
  const count = frameCount(image)
  const middle = middleFrame(image)
  const frame = picture.frame ?? middle
  function go(to: number): void {
    const next = Math.min(count, Math.max(1, to))
    onPicture({ frame: next === middle ? null : next })
  }
  const group = 'Image'
  useCommands([
    { id: 'frame-next', title: 'Next frame', group, keys: ['.'], run: () => go(frame + 1) },
    { id: 'frame-before', title: 'Frame before', group, keys: [','], run: () => go(frame - 1) },
  ])
  return (
    <div className={styles.frames} role="group" aria-label="Frames">
      <IconButton label="Frame before" keys="," disabled={frame <= 1} onClick={() => go(frame - 1)}>
        <StepBack />
      </IconButton>
      <FrameNumber key={frame} frame={frame} count={count} onFrame={go} />
      <IconButton label="Next frame" keys="." disabled={frame >= count} onClick={() => go(frame + 1)}>
        <StepForward />
      </IconButton>
    </div>
  )
}

interface FrameNumberProps {
  frame: number
  count: number
  onFrame: (frame: number) => void
}

/** Takes a number when Enter is pressed or the field is left; nonsense goes back to the frame that is shown. */
function FrameNumber({ frame, count, onFrame }: FrameNumberProps) {
  const [text, setText] = useState(String(frame))
  function commit(): void {
    const wanted = Number.parseInt(text, 10)
    if (Number.isSafeInteger(wanted) && wanted !== frame) onFrame(wanted)
    setText(String(frame))
  }
  return (
    <span className={styles.frame}>
      <input
        aria-label={`Frame, 1 to ${count}`}
        inputMode="numeric"
        value={text}
        onChange={(event) => setText(event.target.value.replace(/\D/g, ''))}
        onKeyDown={(event) => (event.key === 'Enter' ? commit() : undefined)}
        onBlur={commit}
      />
      <span>of {count}</span>
    </span>
  )
}
