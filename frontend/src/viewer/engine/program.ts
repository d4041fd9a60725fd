/** The compiled programs of the stage, with the places of their uniforms. */
import { fragment, type Kind, VERTEX } from './shaders'

const UNIFORMS = ['samples', 'greys', 'origin', 'toImage', 'size', 'edges', 'signBit', 'padding'] as const

export interface Program {
  readonly program: WebGLProgram
  readonly at: Readonly<Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>>
}

/** Compiled when first needed; they are lost with the context. */
export class Programs {
  private readonly gl: WebGL2RenderingContext
  private readonly known = new Map<string, Program>()

  constructor(gl: WebGL2RenderingContext) {
    this.gl = gl
  }

  /** Throws with the driver's words where it takes the program not. */
  of(kind: Kind): Program {
    const name = `${kind.isNearest} ${kind.isColour} ${kind.hasPadding}`
    const program = this.known.get(name) ?? compile(this.gl, fragment(kind))
    this.known.set(name, program)
    return program
  }
}

function compile(gl: WebGL2RenderingContext, source: string): Program {
  const program = gl.createProgram()
  gl.attachShader(program, shader(gl, gl.VERTEX_SHADER, VERTEX))
  gl.attachShader(program, shader(gl, gl.FRAGMENT_SHADER, source))
  gl.linkProgram(program)
  // A lost context compiles nothing, and says so by itself.
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program) ?? 'The graphics driver refuses the program.')
  }
  const at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]))
  return { program, at: at as Program['at'] }
}

function shader(gl: WebGL2RenderingContext, kind: GLenum, source: string): WebGLShader {
  const made = gl.createShader(kind)
  if (!made) throw new Error('The graphics context is lost.')
  gl.shaderSource(made, source)
  gl.compileShader(made)
  if (!gl.getShaderParameter(made, gl.COMPILE_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getShaderInfoLog(made) ?? 'The graphics driver refuses the program.')
  }
  return made
}
