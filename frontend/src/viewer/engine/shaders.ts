/** What the stage runs on the card. Samples are integers; nothing is filtered by it, so nothing is approximate. */

/** One program for each, since a card (and software more so) pays for every way that a program might go. */
export interface Kind {
  /** A device pixel shows one sample, as it is. */
  readonly isNearest: boolean
  readonly isColour: boolean
  readonly hasPadding: boolean
}

/** One triangle over the whole viewport. */
export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`

/**
 * Device pixel → image point → stored value → grey. Between samples the stored values are weighed, never greys. Padding
 * takes no part; where it outweighs the rest the pixel is black.
 */
const BODY = `
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D samples;
uniform sampler2D greys;       // 256 wide: grey by the bit pattern of the stored value
uniform vec2 origin;           // device pixels: the pane's upper left corner, from below
uniform mat3 toImage;          // device pixels of the pane, y downwards, to samples of this size
uniform ivec2 size;            // in samples
uniform vec4 edges;            // of the picture, in samples: left, top, right, bottom
uniform int signBit;           // 0 for unsigned samples
uniform ivec2 padding;         // stored values from x to y

out vec4 colour;

int storedOf(uint word) {
  int value = int(word);
  return signBit != 0 && value >= signBit ? value - 2 * signBit : value;
}

float greyOfWord(int word) { return texelFetch(greys, ivec2(word & 255, word >> 8), 0).r; }

float greyOf(int stored) { return greyOfWord(stored < 0 ? stored + 2 * signBit : stored); }

ivec2 within(ivec2 at) { return clamp(at, ivec2(0), size - 1); }

bool isPadding(int stored) { return stored >= padding.x && stored <= padding.y; }

void main() {
  vec2 pane = vec2(gl_FragCoord.x - origin.x, origin.y - gl_FragCoord.y);
  vec2 at = (toImage * vec3(pane, 1.0)).xy;
  colour = vec4(0.0, 0.0, 0.0, 1.0);
  if (any(lessThan(at, edges.xy)) || any(greaterThanEqual(at, edges.zw))) return;
#ifdef NEAREST
  uvec4 texel = texelFetch(samples, within(ivec2(floor(at))), 0);
#ifdef COLOUR
  colour.rgb = vec3(greyOf(int(texel.r)), greyOf(int(texel.g)), greyOf(int(texel.b)));
#else
  colour.rgb = vec3(greyOfWord(int(texel.r)));
#endif
#else
  vec2 shifted = at - 0.5;
  ivec2 first = ivec2(floor(shifted));
  vec2 part = shifted - floor(shifted);
  vec4 weights = vec4((1.0 - part.x) * (1.0 - part.y), part.x * (1.0 - part.y), (1.0 - part.x) * part.y, part.x * part.y);
  uvec4 a = texelFetch(samples, within(first), 0);
  uvec4 b = texelFetch(samples, within(first + ivec2(1, 0)), 0);
  uvec4 c = texelFetch(samples, within(first + ivec2(0, 1)), 0);
  uvec4 d = texelFetch(samples, within(first + ivec2(1, 1)), 0);
#ifdef COLOUR
  {
    vec3 mean = vec3(a.rgb) * weights.x + vec3(b.rgb) * weights.y + vec3(c.rgb) * weights.z + vec3(d.rgb) * weights.w;
    ivec3 value = ivec3(floor(mean + 0.5));
    colour.rgb = vec3(greyOf(value.r), greyOf(value.g), greyOf(value.b));
  }
#else
  ivec4 stored = ivec4(storedOf(a.r), storedOf(b.r), storedOf(c.r), storedOf(d.r));
#ifdef PADDED
  weights *= vec4(!isPadding(stored.x), !isPadding(stored.y), !isPadding(stored.z), !isPadding(stored.w));
  float weight = weights.x + weights.y + weights.z + weights.w;
  if (weight < 0.5) return;
  int mean = int(floor(dot(vec4(stored), weights) / weight + 0.5));
  // A mean of values on either side of the padding is no padding.
  if (isPadding(mean)) mean = stored.x < padding.x ? padding.x - 1 : padding.y + 1;
#else
  int mean = int(floor(dot(vec4(stored), weights) + 0.5));
#endif
  colour.rgb = vec3(greyOf(mean));
#endif
#endif
}`

export function fragment({ isNearest, isColour, hasPadding }: Kind): string {
  const lines = ['#version 300 es']
  if (isNearest) lines.push('#define NEAREST')
  if (isColour) lines.push('#define COLOUR')
  if (hasPadding) lines.push('#define PADDED')
  return lines.join('\n') + BODY
}
