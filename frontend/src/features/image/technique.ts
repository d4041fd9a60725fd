import type { Acquisition, Spacing, Technique } from '@/shared/api/types'

/** "0.07 mm", "0.07 × 0.08 mm" where rows and columns differ; null where lengths are in pixels. */
export function spacingInMillimetres({ rowMm, columnMm }: Spacing): string | null {
  if (rowMm === null || columnMm === null) return null
  const down = plain(rowMm)
  const across = plain(columnMm)
  return down === across ? `${down} mm` : `${down} × ${across} mm`
}

/** What the millimetres are millimetres of. */
export function basisInWords(spacing: Spacing): string {
  switch (spacing.basis) {
    case 'detector':
      return 'at detector'
    case 'magnification_corrected':
      return spacing.magnification === null
        ? 'corrected by magnification'
        : `corrected ×${plain(spacing.magnification)}`
    case 'calibrated':
      return 'calibrated'
    case 'scanned_film':
      return 'scanned film'
    case 'none':
      return 'no millimetres: lengths in pixels'
  }
}

export interface TechniqueFact {
  name: string
  value: string
  unit: string | null
  /** Why the value cannot be right; null for one that can. It is shown as the file has it. */
  doubt: string | null
}

type Measured = Exclude<keyof Technique, 'implausible'>

interface Column {
  key: Measured
  name: string
  unit: string | null
}

const NUMBERS: readonly Column[] = [
  { key: 'kvpKv', name: 'Tube voltage', unit: 'kV' },
  { key: 'exposureMas', name: 'Exposure', unit: 'mAs' },
  { key: 'organDoseMgy', name: 'Organ dose', unit: 'mGy' },
  { key: 'entranceDoseMgy', name: 'Entrance dose', unit: 'mGy' },
  { key: 'compressionForceN', name: 'Compression', unit: 'N' },
  { key: 'bodyPartThicknessMm', name: 'Thickness', unit: 'mm' },
  { key: 'halfValueLayerMmAl', name: 'Half-value layer', unit: 'mm Al' },
]
const TEXTS: readonly Column[] = [
  { key: 'detectorId', name: 'Detector', unit: null },
  { key: 'deviceSerialNumber', name: 'Serial number', unit: null },
  { key: 'operatorsName', name: 'Operator', unit: null },
  { key: 'irradiationEventUid', name: 'Irradiation event', unit: null },
]

/** Why a value of a mammography unit lies where none can; the server names the columns. */
const DOUBTS: Record<string, string> = {
  kvp_kv: 'Mammography runs at 22 to 49 kV. This may be volts, or 0 for unknown.',
  exposure_mas: 'A view takes 5 to 600 mAs, and the fields of the header must agree. This may be µAs.',
  organ_dose_mgy:
    'A view costs 0.5 to 10 mGy. Some units write mGy where dGy belong, which is a hundredfold.',
  entrance_dose_mgy:
    'The skin gets 2 to 50 mGy. Some units write mGy where dGy belong, which is a hundredfold.',
  compression_force_n:
    'Units press with 20 to 200 N. Some write ten times too much, others kilograms or decanewtons.',
  body_part_thickness_mm: 'A compressed breast has 15 to 110 mm. This may be centimetres.',
  half_value_layer_mm_al: 'Usual are 0.25 to 0.7 mm Al. This may be micrometres.',
}

/** All values that the file states, the doubtful ones too, in the order of a radiographer's protocol. */
export function techniqueFacts(technique: Technique): TechniqueFact[] {
  const facts: TechniqueFact[] = []
  for (const { key, name, unit } of NUMBERS) {
    const value = technique[key]
    if (typeof value === 'number')
      facts.push({ name, value: plain(value), unit, doubt: doubtOf(technique, key) })
  }
  const { anodeTargetMaterial: target, filterMaterial: filter } = technique
  if (target !== null || filter !== null) {
    facts.push({
      name: 'Target / filter',
      value: `${material(target)} / ${material(filter)}`,
      unit: null,
      doubt: null,
    })
  }
  for (const { key, name, unit } of TEXTS) {
    const value = technique[key]
    if (typeof value === 'string' && value !== '') facts.push({ name, value, unit, doubt: null })
  }
  return facts
}

function material(name: string | null): string {
  return name === null ? 'unknown' : name.toLowerCase().replaceAll(',', ', ')
}

function doubtOf(technique: Technique, key: Measured): string | null {
  const column = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  if (!technique.implausible.includes(column) && !technique.implausible.includes(key)) return null
  return DOUBTS[column] ?? 'No mammography unit gives such a value.'
}

/** At most four digits that say something. */
function plain(value: number): string {
  return String(Number(value.toPrecision(4)))
}

const MODIFIERS: Record<string, string> = {
  implant_displaced: 'Implant displaced',
  spot_compression: 'Spot compression',
  infra_mammary_fold: 'Inframammary fold',
}

/** "spot_compression" → "Spot compression"; a modifier that the page does not know is still readable. */
export function modifierInWords(modifier: string): string {
  const words = modifier.replaceAll('_', ' ')
  return MODIFIERS[modifier] ?? words.charAt(0).toUpperCase() + words.slice(1)
}

/** What a reader should know before looking, each a few words. */
export function badgesOf(acquisition: Acquisition | null): string[] {
  if (!acquisition) return []
  const badges = acquisition.viewModifiers.map(modifierInWords)
  if (acquisition.breastImplantPresent) badges.push('Implant present')
  if (acquisition.partialView) badges.push('Partial view')
  if (acquisition.qualityControlImage) badges.push('Quality-control image')
  return badges
}
