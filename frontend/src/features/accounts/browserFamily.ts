/** A browser's name out of its user agent; the order matters, since they all name their ancestors. */
const FAMILIES: readonly [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]

const SYSTEMS: readonly [RegExp, string][] = [
  [/Windows/, 'Windows'],
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]

export function browserFamily(userAgent: string | null): string {
  if (!userAgent) return 'Unknown'
  const family = FAMILIES.find(([pattern]) => pattern.test(userAgent))?.[1]
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1]
  if (!family) return userAgent.split(/[\s/]/)[0] || 'Unknown'
  return system ? `${family} on ${system}` : family
}
