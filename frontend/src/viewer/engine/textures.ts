/** Samples and look-up tables on the graphics card. */
import type { Samples } from '@/viewer/types'
import type { DisplayTable } from '@/viewer/voi/table'

/** Integer textures are never filtered; rows of any length are taken as they lie. */
export class Textures {
  private readonly gl: WebGL2RenderingContext
  private readonly pictures = new Map<Samples, WebGLTexture>()
  private readonly tables = new Map<DisplayTable, WebGLTexture>()

  constructor(gl: WebGL2RenderingContext) {
    this.gl = gl
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
  }

  ofSamples(samples: Samples): WebGLTexture {
    const known = this.pictures.get(samples)
    if (known) return known
    const { gl } = this
    const texture = this.create()
    const { width, height, data } = samples
    if (samples.components === 3) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8UI, width, height, 0, gl.RGB_INTEGER, gl.UNSIGNED_BYTE, bytes)
    } else if (data.BYTES_PER_ELEMENT === 2) {
      // The bit pattern of a signed value; the shader knows about its sign.
      const words = new Uint16Array(data.buffer, data.byteOffset, data.length)
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, width, height, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, words)
    } else {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length)
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, width, height, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, bytes)
    }
    this.pictures.set(samples, texture)
    return texture
  }

  ofTable(table: DisplayTable): WebGLTexture {
    const known = this.tables.get(table)
    if (known) return known
    const { gl } = this
    const texture = this.create()
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, 256, table.length >> 8, 0, gl.RED, gl.UNSIGNED_BYTE, table)
    this.tables.set(table, texture)
    return texture
  }

  /** Lets go of all that was not drawn just now. */
  keep(pictures: ReadonlySet<Samples>, tables: ReadonlySet<DisplayTable>): void {
    for (const [samples, texture] of this.pictures) {
      if (pictures.has(samples)) continue
      this.gl.deleteTexture(texture)
      this.pictures.delete(samples)
    }
    for (const [table, texture] of this.tables) {
      if (tables.has(table)) continue
      this.gl.deleteTexture(texture)
      this.tables.delete(table)
    }
  }

  private create(): WebGLTexture {
    const { gl } = this
    const texture = gl.createTexture()
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
    return texture
  }
}
