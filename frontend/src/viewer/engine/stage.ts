/**
 * All panes on one canvas: each a part of it, drawn from stored values through one table. One WebGL context for the
 * whole viewer, since browsers grant few, and since a loss is one loss then.
 */
import type { Camera, GreyScale, Rect, Samples, Size, Tone } from '@/viewer/types'
import { type DisplayTable, displayTable, pictureTable } from '@/viewer/voi/table'
import type { Frame } from './frame'
import { deviceRect, placingOf } from './placing'
import { Programs } from './program'
import { Textures } from './textures'

export interface StagePane {
  /** CSS pixels within the canvas. */
  readonly rect: Rect
  readonly frame: Frame | null
  readonly greyScale: GreyScale | null
  readonly camera: Camera
  readonly tone: Tone
  /** Larger than 1:1: stored values are weighed between samples, or each sample is a square. */
  readonly isSmooth: boolean
}

export interface StageEvents {
  /** The graphics card has forgotten everything; nothing is drawn until `restored`. */
  lost(): void
  restored(): void
}

const CONTEXT: WebGLContextAttributes = {
  alpha: false,
  antialias: false,
  depth: false,
  stencil: false,
  powerPreference: 'high-performance',
}
/** Every mammogram fits; what the standard of WebGL 2 promises (2048) would not do. */
const LEAST_TEXTURE_PIXELS = 4096

/** Why this browser cannot draw on this canvas, for people; null where it can: then a stage takes it. */
export function stageProblem(canvas: HTMLCanvasElement): string | null {
  const gl = canvas.getContext('webgl2', CONTEXT)
  if (!gl) return 'This browser offers no WebGL 2, or it is switched off.'
  const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number
  if (most < LEAST_TEXTURE_PIXELS) return `The graphics card takes pictures of ${most} pixels only.`
  return null
}

export class Stage {
  private readonly canvas: HTMLCanvasElement
  private readonly gl: WebGL2RenderingContext
  private programs: Programs
  private textures: Textures
  private pixelRatio = 1
  /** Longest side of a picture that the card takes; of a larger one its smaller sizes are drawn. */
  private readonly most: number
  /** What the canvas shows; null: nothing. */
  private shown: readonly (readonly unknown[])[] | null = null
  private readonly tables = new WeakMap<object, Map<string, DisplayTable>>()
  private readonly leave: () => void

  /** Throws where there is no WebGL 2; ask `stageProblem` first. */
  constructor(canvas: HTMLCanvasElement, events: StageEvents) {
    this.canvas = canvas
    const gl = canvas.getContext('webgl2', CONTEXT)
    if (!gl) throw new Error('This browser offers no WebGL 2.')
    this.gl = gl
    this.most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number
    this.programs = new Programs(gl)
    this.textures = new Textures(gl)
    const lost = (event: Event) => {
      // Without this it would not come back.
      event.preventDefault()
      events.lost()
    }
    const restored = () => {
      this.programs = new Programs(gl)
      this.textures = new Textures(gl)
      this.shown = null
      events.restored()
    }
    canvas.addEventListener('webglcontextlost', lost)
    canvas.addEventListener('webglcontextrestored', restored)
    this.leave = () => {
      canvas.removeEventListener('webglcontextlost', lost)
      canvas.removeEventListener('webglcontextrestored', restored)
    }
  }

  /** CSS pixels, and how many device pixels each is wide. */
  resize(size: Size, pixelRatio: number): void {
    this.pixelRatio = pixelRatio
    const { width, height } = deviceRect({ left: 0, top: 0, ...size }, pixelRatio)
    if (this.canvas.width === width && this.canvas.height === height) return
    // A canvas that is resized is empty.
    this.shown = null
    this.canvas.width = width
    this.canvas.height = height
  }

  /**
   * To be called in an animation frame. Later panes lie over earlier ones. Nothing is done where the canvas shows just
   * that already: much of what happens while frames come changes no pixel.
   */
  draw(panes: readonly StagePane[]): void {
    const { gl } = this
    if (gl.isContextLost()) return
    const wanted = panes.map(drawnFrom)
    if (this.shown && isSame(this.shown, wanted)) return
    this.shown = wanted
    gl.disable(gl.SCISSOR_TEST)
    gl.clearColor(0, 0, 0, 1)
    gl.clear(gl.COLOR_BUFFER_BIT)
    gl.enable(gl.SCISSOR_TEST)
    const drawn = new Set<Samples>()
    const tables = new Set<DisplayTable>()
    for (const pane of panes) this.drawPane(pane, drawn, tables)
    this.textures.keep(drawn, tables)
  }

  /** What was drawn last, as a PNG in device pixels. `panes` are drawn once more, since a canvas forgets. */
  snapshot(panes: readonly StagePane[]): Promise<Blob> {
    this.shown = null
    this.draw(panes)
    return new Promise((resolve, reject) => {
      this.canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error('The view could not be made a picture.'))),
        'image/png',
      )
    })
  }

  dispose(): void {
    this.leave()
    this.textures.keep(new Set(), new Set())
    this.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  private drawPane(pane: StagePane, drawn: Set<Samples>, tables: Set<DisplayTable>): void {
    const { gl } = this
    const rect = deviceRect(pane.rect, this.pixelRatio)
    const bottom = this.canvas.height - rect.top - rect.height
    gl.viewport(rect.left, bottom, rect.width, rect.height)
    gl.scissor(rect.left, bottom, rect.width, rect.height)
    gl.clear(gl.COLOR_BUFFER_BIT)
    const full = pane.frame && fullSize(pane.frame)
    const levels = pane.frame?.levels.filter(({ width, height }) => Math.max(width, height) <= this.most)
    if (!full || !levels) return
    const decodedLevel = pane.frame.levels[0]?.level ?? 0
    const options = { decodedLevel, isSmooth: pane.isSmooth }
    const placing = placingOf(levels, full, pane.camera, rect, this.pixelRatio, options)
    if (!placing) return
    const { samples } = placing
    const greyScale = pane.greyScale ?? pane.frame.greyScale
    // Without it nobody knows what the values mean.
    if (samples.components === 1 && greyScale === null) return
    const table = this.tableOf(greyScale, pane.tone, samples)
    drawn.add(samples)
    tables.add(table)
    const isColour = samples.components === 3
    const padding = isColour ? null : (greyScale?.padding ?? null)
    const kind = { isNearest: placing.isNearest, isColour, hasPadding: padding !== null }
    const { program, at } = this.programs.of(kind)
    gl.useProgram(program)
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.textures.ofSamples(samples))
    gl.activeTexture(gl.TEXTURE1)
    gl.bindTexture(gl.TEXTURE_2D, this.textures.ofTable(table))
    gl.uniform1i(at.samples, 0)
    gl.uniform1i(at.greys, 1)
    gl.uniform2f(at.origin, rect.left, bottom + rect.height)
    gl.uniformMatrix3fv(at.toImage, false, placing.matrix)
    gl.uniform2i(at.size, samples.width, samples.height)
    gl.uniform4f(at.edges, ...placing.edges)
    gl.uniform1i(at.signBit, signBitOf(samples))
    gl.uniform2i(at.padding, padding?.low ?? 1, padding?.high ?? 0)
    const { covered } = placing
    gl.scissor(
      rect.left + covered.left,
      bottom + rect.height - covered.top - covered.height,
      covered.width,
      covered.height,
    )
    gl.drawArrays(gl.TRIANGLES, 0, 3)
  }

  /** Made once for each tone; a drag makes new ones, which go when they are no longer drawn. */
  private tableOf(greyScale: GreyScale | null, tone: Tone, samples: Samples): DisplayTable {
    const key = greyScale ?? PICTURES
    let known = this.tables.get(key)
    if (!known || known.size > MOST_TABLES) {
      known = new Map()
      this.tables.set(key, known)
    }
    const words = `${tone.voiId} ${tone.window?.center} ${tone.window?.width} ${tone.isInverted} ${samples.components}`
    let table = known.get(words)
    if (!table) {
      table = greyScale && samples.components === 1 ? displayTable(greyScale, tone) : pictureTable(tone)
      known.set(words, table)
    }
    return table
  }
}

/** All that decides a pane's pixels; none of these objects is ever changed. */
function drawnFrom({ rect, frame, greyScale, camera, tone, isSmooth }: StagePane): readonly unknown[] {
  const { left, top, width, height } = rect
  return [left, top, width, height, frame?.levels, greyScale, camera, tone, isSmooth]
}

function isSame(one: readonly (readonly unknown[])[], other: readonly (readonly unknown[])[]): boolean {
  return (
    one.length === other.length &&
    one.every((parts, pane) => parts.every((part, index) => part === other[pane]?.[index]))
  )
}

const PICTURES = {}
const MOST_TABLES = 8

function signBitOf({ data }: Samples): number {
  if (data instanceof Int16Array) return 0x8000
  return data instanceof Int8Array ? 0x80 : 0
}

/** Rows and columns as the header tells them; of a plain picture, as it turned out. */
function fullSize({ image, samples }: Frame): Size | null {
  if (image.columns !== null && image.rows !== null) return { width: image.columns, height: image.rows }
  return samples && { width: samples.width << samples.level, height: samples.height << samples.level }
}
