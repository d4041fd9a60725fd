import { describe, expect, test } from 'vitest'
import { arrange, type Arrangement, defaultLayout, layoutsFor } from './arrange'
import { anExam, anImage, type Wanted } from './images.testing'
import type { LayoutId } from './layouts'

const FOUR = ['R CC', 'L CC', 'R MLO', 'L MLO']

function places(hung: Arrangement): (string | null)[] {
  return hung.panes.map((pane) =>
    pane.image === null ? null : `${pane.image.laterality} ${pane.image.viewPosition}`,
  )
}

function ids(images: readonly { id: number }[]): number[] {
  return images.map((image) => image.id)
}

test('four views hang two by two, right at the left, chest walls towards the middle', () => {
  const hung = arrange(anExam('L MLO', 'R MLO', 'L CC', 'R CC'), 'four')
  expect(places(hung)).toEqual(FOUR)
  expect(hung.panes.map((pane) => pane.place)).toEqual([
    { row: 0, column: 0 },
    { row: 0, column: 1 },
    { row: 1, column: 0 },
    { row: 1, column: 1 },
  ])
  expect(hung.panes.map((pane) => pane.chestWall)).toEqual(['right', 'left', 'right', 'left'])
  expect(hung.panes.map((pane) => pane.label)).toEqual(FOUR)
  expect(hung).toMatchObject({ rows: 2, columns: 2, strip: [], notes: [] })
})

test.each<[LayoutId, string[], number, number]>([
  ['four', FOUR, 2, 2],
  ['row', FOUR, 1, 4],
  ['cc', ['R CC', 'L CC'], 1, 2],
  ['mlo', ['R MLO', 'L MLO'], 1, 2],
  ['right', ['R CC', 'R MLO'], 1, 2],
  ['left', ['L CC', 'L MLO'], 1, 2],
])('%s shows %j', (layout, shown, rows, columns) => {
  const hung = arrange(anExam(...FOUR), layout)
  expect(places(hung)).toEqual(shown)
  expect(hung).toMatchObject({ layout, rows, columns })
  expect(hung.strip).toHaveLength(4 - shown.length)
})

test('a missing view leaves a labelled empty pane', () => {
  const hung = arrange(anExam('R CC', 'L CC', 'L MLO'), 'four')
  expect(hung.panes[2]).toMatchObject({
    key: 'R MLO',
    label: 'R MLO',
    image: null,
    missing: 'No R MLO in this exam.',
    chestWall: 'right',
  })
})

test('an exam of one view stands alone by itself, and labelled among empty panes when asked for', () => {
  const images = anExam('R MLO')
  expect(defaultLayout(images)).toBe('single')
  expect(places(arrange(images, 'single'))).toEqual(['R MLO'])
  expect(places(arrange(images, 'four'))).toEqual([null, null, 'R MLO', null])
})

test.each<[string[], LayoutId]>([
  [FOUR, 'four'],
  [['R CC', 'R MLO'], 'four'],
  [['R CC', 'L CC'], 'cc'],
  [['R MLO', 'L MLO'], 'mlo'],
  [['R CC', 'R CC'], 'four'],
  [['R ML', 'L ML'], 'grid'],
  [['L CC'], 'single'],
  [[], 'single'],
])('%j opens as %s', (views, layout) => {
  expect(defaultLayout(anExam(...views))).toBe(layout)
})

test('of two right MLOs the later hangs, the other one waits in the strip and is told of', () => {
  const early = anImage({ laterality: 'R', viewPosition: 'MLO', acquiredAt: '2026-11-23T09:00:00Z' })
  const late = anImage({
    id: early.id - 1000,
    laterality: 'R',
    viewPosition: 'MLO',
    acquiredAt: '2026-11-23T09:05:00Z',
  })
  const hung = arrange([early, late, ...anExam('R CC', 'L CC', 'L MLO')], 'four')
  expect(hung.panes[2]?.image).toBe(late)
  expect(hung.panes[2]?.alternatives).toEqual([early])
  expect(hung.strip).toEqual([early])
  expect(hung.notes).toEqual(['R MLO: 1 image more of this view in the strip.'])
})

describe('of several pictures of a place', () => {
  const asked = { laterality: 'R', viewPosition: 'CC' }
  test.each<[string, Wanted, Wanted]>([
    ['what can be shown before what waits', { status: 'pending' }, {}],
    ['what waits before what failed', { status: 'failed' }, { status: 'processing' }],
    ['for presentation before for processing', { presentationIntentType: 'FOR PROCESSING' }, {}],
    ['the standard view before a spot', { viewModifiers: ['spot_compression'] }, {}],
    [
      'fewer modifiers before more',
      { viewModifiers: ['magnification', 'spot_compression'] },
      { viewModifiers: ['magnification'] },
    ],
    ['the whole breast before a part', { partialView: true }, {}],
    ['a picture before slices', { numberOfFrames: 40 }, {}],
    ['an exposure before a synthesised picture', { seriesDescription: 'C-View R CC' }, {}],
    ['a time before none', { acquiredAt: null }, { acquiredAt: '1999-01-01T00:00:00Z' }],
  ])('%s', (_, second, first) => {
    const lesser = anImage({ ...asked, acquiredAt: '2026-11-24T09:00:00Z', ...second } as Parameters<
      typeof anImage
    >[0])
    const better = anImage({ ...asked, ...first })
    for (const images of [
      [lesser, better],
      [better, lesser],
    ]) {
      expect(arrange(images, 'four').panes[0]?.image).toBe(better)
    }
  })
})

test('without a picture for presentation the one for processing hangs and says so', () => {
  const images = anExam('L CC', 'R MLO')
  const raw = anImage({ laterality: 'R', viewPosition: 'CC', presentationIntentType: 'FOR PROCESSING' })
  const hung = arrange([raw, ...images], 'four')
  expect(hung.panes[0]).toMatchObject({ image: raw, label: 'R CC · FOR PROCESSING', missing: null })
  expect(hung.notes).toEqual(['R CC is FOR PROCESSING: there is no picture for presentation.'])
})

test('slices hang where there is no picture, and can be chosen where there is', () => {
  const slices = anImage({
    laterality: 'R',
    viewPosition: 'CC',
    numberOfFrames: 60,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.13.1.3',
  })
  const synthesised = anImage({
    laterality: 'R',
    viewPosition: 'CC',
    sopClassUid: '1.2.840.10008.5.1.4.1.1.13.1.3',
  })
  expect(arrange([slices, ...anExam('L CC')], 'cc').panes[0]).toMatchObject({
    image: slices,
    label: 'R CC · 60 frames',
  })
  const hung = arrange([slices, synthesised, ...anExam('L CC')], 'cc')
  expect(hung.panes[0]).toMatchObject({
    image: synthesised,
    label: 'R CC · synthesised',
    alternatives: [slices],
  })
  expect(hung.strip).toEqual([slices])
})

test.each([
  ['pending', null, 'Waiting to be converted.'],
  ['processing', null, 'Being converted.'],
  ['failed', 'The file ends too early.', 'Could not be converted. The file ends too early.'],
  ['rejected', 'No image.', 'Rejected. No image.'],
] as const)('an image that is %s hangs in its place with the words', (status, reason, words) => {
  const image = anImage({ laterality: 'R', viewPosition: 'CC', status, reason, rows: null, columns: null })
  const hung = arrange([image, ...anExam('L CC')], 'cc')
  expect(hung.panes[0]).toMatchObject({ image, missing: words, label: 'R CC' })
})

test('views with an implant: the displaced ones wait in the strip, or hang on demand', () => {
  const plain = anExam(...FOUR)
  const displaced = plain.map((image) =>
    anImage({
      laterality: image.laterality,
      viewPosition: image.viewPosition,
      viewModifiers: ['implant_displaced'],
    }),
  )
  const images = [...displaced, ...plain]
  expect(ids(arrange(images, 'four').panes.flatMap((pane) => pane.image ?? []))).toEqual(ids(plain))
  expect(arrange(images, 'four').strip).toHaveLength(4)
  const hung = arrange(images, 'displaced')
  expect(ids(hung.panes.flatMap((pane) => pane.image ?? []))).toEqual(ids(displaced))
  expect(hung.panes[0]?.label).toBe('R CC · implant displaced')
  expect(layoutsFor(images, false)).toContain('displaced')
  expect(layoutsFor(plain, false)).not.toContain('displaced')
})

test('ten views: four hang, six stand in the strip in reading order', () => {
  const four = anExam(...FOUR)
  const [xccl] = anExam('R XCCL')
  const spot = anImage({
    laterality: 'L',
    viewPosition: 'MLO',
    viewModifiers: ['spot_compression', 'magnification'],
  })
  const cleavage = anImage({ laterality: 'B', viewPosition: 'CC', viewModifiers: ['cleavage'] })
  const rolled = anImage({ laterality: 'R', viewPosition: 'CC', viewModifiers: ['rolled_lateral'] })
  const [rml, lml] = anExam('R ML', 'L ML')
  const hung = arrange(
    [rml, spot, lml, xccl, ...four, cleavage, rolled].flatMap((one) => one ?? []),
    'four',
  )
  expect(places(hung)).toEqual(FOUR)
  expect(hung.strip).toHaveLength(6)
  expect(hung.strip.slice(0, 2)).toEqual([rolled, spot])
})

test("an unknown side or view takes nobody's place", () => {
  const sideless = anImage({ laterality: null, viewPosition: 'MLO', patientOrientation: null })
  const viewless = anImage({ laterality: 'R', viewPosition: null })
  const hung = arrange([sideless, viewless, ...anExam('R CC', 'L CC')], 'four')
  expect(places(hung)).toEqual(['R CC', 'L CC', null, null])
  expect(hung.strip).toEqual([sideless, viewless])
  expect(hung.notes).toEqual(['The side of 1 image is unknown.', 'The view of 1 image is unknown.'])
})

test('images of unknown sides alone stand in a grid under what is known of them', () => {
  const images = ['CC', 'CC', 'MLO', null].map((viewPosition) => anImage({ laterality: null, viewPosition }))
  const hung = arrange(images, defaultLayout(images))
  expect(hung).toMatchObject({ layout: 'grid', rows: 2, columns: 2 })
  expect(hung.panes.map((pane) => pane.label)).toEqual([
    'CC, side unknown',
    'CC, side unknown',
    'MLO, side unknown',
    'Side and view unknown',
  ])
  expect(hung.panes.map((pane) => pane.chestWall)).toEqual([null, null, null, null])
})

test.each(['US', 'MR', 'CR', 'DX', 'OT'])('images of %s have no mammographic layout', (modality) => {
  const images = [1, 2, 3].map(() => anImage({ modality, laterality: 'R', viewPosition: 'CC' }))
  expect(defaultLayout(images)).toBe('grid')
  const hung = arrange(images, 'four')
  expect(hung.layout).toBe('grid')
  expect(hung.panes.map((pane) => [pane.slot, pane.chestWall])).toEqual([
    [null, null],
    [null, null],
    [null, null],
  ])
  expect(layoutsFor(images, false)).toEqual(['single', 'grid'])
  expect(arrange(images.slice(0, 1), 'four').layout).toBe('single')
})

test('a plain picture whose side and view a person gave hangs as a mammogram', () => {
  const picture = anImage({
    fileType: 'png',
    modality: null,
    laterality: 'R',
    viewPosition: 'CC',
    patientOrientation: null,
  })
  expect(arrange([picture, ...anExam('L CC')], 'cc').panes[0]?.image).toBe(picture)
})

test('dose reports never hang; pictures for quality control and specimens never in a place', () => {
  const report = anImage({ objectKind: 'dose_report', laterality: 'R', viewPosition: 'CC' })
  const control = anImage({ laterality: 'R', viewPosition: 'CC', qualityControlImage: true })
  const specimen = anImage({ laterality: 'R', viewPosition: 'CC', viewModifiers: ['specimen'] })
  const hung = arrange([report, control, specimen, ...anExam('L CC')], 'four')
  expect(places(hung)).toEqual([null, 'L CC', null, null])
  expect(ids(hung.strip)).toEqual([specimen.id, control.id])
  expect(hung.notes).toEqual([
    '1 image for quality control stay in the strip.',
    'A dose report does not hang.',
  ])
  expect(defaultLayout([report, ...anExam('R CC')])).toBe('single')
})

test('an exam without pictures is one pane that says so', () => {
  const report = anImage({ objectKind: 'dose_report' })
  const hung = arrange([report], 'four')
  expect(hung.panes).toMatchObject([{ key: 'single', image: null, missing: 'No image.', label: 'No image' }])
  expect(hung.strip).toEqual([])
})

describe('with an earlier exam', () => {
  const now = anExam(...FOUR)
  const before = anExam('R CC', 'L CC', 'R MLO').map((image) => ({
    ...image,
    acquiredAt: '2024-05-12T10:00:00Z',
  }))

  test('the current one stands above, the prior below', () => {
    const hung = arrange(now, 'prior-four', { prior: before })
    expect(hung).toMatchObject({ rows: 2, columns: 4 })
    expect(places(hung)).toEqual([...FOUR, 'R CC', 'L CC', 'R MLO', null])
    expect(hung.panes.map((pane) => pane.place.row)).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
    expect(hung.panes[6]?.label).toBe('R MLO · prior 12 May 2024')
    expect(hung.panes[7]).toMatchObject({ label: 'L MLO · prior', missing: 'No L MLO in the prior exam.' })
    expect(hung.strip).toEqual([])
  })

  test.each(['cc', 'mlo'] as const)('a pair stands over its earlier pair: %s', (pair) => {
    const hung = arrange(now, `prior-${pair}`, { prior: before, priorAt: '2024-05-12T10:00:00Z' })
    expect(hung).toMatchObject({ rows: 2, columns: 2 })
    expect(hung.panes.map((pane) => pane.isPrior)).toEqual([false, false, true, true])
    expect(hung.panes.every((pane, index) => pane.chestWall === (index % 2 === 0 ? 'right' : 'left'))).toBe(
      true,
    )
    expect(hung.panes[3]?.label).toContain('prior 12 May 2024')
  })

  test('one view stands beside its earlier one', () => {
    const active = now[2]
    const hung = arrange(now, 'prior-single', { prior: before, active: active?.id })
    expect(hung.panes.map((pane) => pane.image)).toEqual([active, before[2]])
    const without = arrange(now, 'prior-single', { prior: before, active: now[3]?.id })
    expect(without.panes[1]).toMatchObject({ image: null, missing: 'No L MLO in the prior exam.' })
  })

  test('a view with a modifier stands beside the earlier one with the same', () => {
    const asked = { laterality: 'R', viewPosition: 'CC' }
    const away = anImage({ ...asked, viewModifiers: ['implant_displaced'] })
    const earlier = anImage({
      ...asked,
      viewModifiers: ['implant_displaced'],
      acquiredAt: '2019-01-01T09:00:00Z',
    })
    const hung = arrange([...now, away], 'prior-single', { prior: [...before, earlier], active: away.id })
    expect(hung.panes[1]?.image).toBe(earlier)
    expect(hung.panes[1]?.alternatives).toEqual([before[0]])
  })

  test('a further view finds its like; where there is none, that is said', () => {
    const [spot] = anExam('R ML')
    const [earlier] = anExam('R ML')
    if (!spot || !earlier) throw new Error('no images')
    const hung = arrange([...now, spot], 'prior-single', { prior: [...before, earlier], active: spot.id })
    expect(hung.panes[1]?.image).toBe(earlier)
    const without = arrange([...now, spot], 'prior-single', { prior: before, active: spot.id })
    expect(without.panes[1]?.missing).toBe('No such view in the prior exam.')
  })

  test('repeats of the prior are told of as such: they are not in the strip', () => {
    const [again] = anExam('R CC')
    if (!again) throw new Error('no image')
    const prior = [...before, { ...again, acquiredAt: '2024-05-12T09:00:00Z' }]
    const hung = arrange(now, 'prior-cc', { prior, priorAt: '2024-05-12T10:00:00Z' })
    expect(hung.notes).toEqual(['R CC · prior 12 May 2024: 1 image more of this view in the prior exam.'])
    expect(hung.strip.every((image) => now.includes(image))).toBe(true)
  })

  test('without one the layout is the same without it', () => {
    expect(arrange(now, 'prior-four').layout).toBe('four')
    expect(arrange(now, 'prior-cc').layout).toBe('cc')
    expect(arrange(now, 'prior-single').layout).toBe('single')
    expect(layoutsFor(now, false).some((layout) => layout.startsWith('prior-'))).toBe(false)
    expect(layoutsFor(now, true)).toContain('prior-mlo')
  })
})

test('what the server doubts about side and view is passed on, of hung images alone', () => {
  const doubtful = anImage({ laterality: 'R', warnings: ['laterality_conflict', 'something_else'] })
  const aside = anImage({ viewPosition: 'ML', warnings: ['view_position_conflict'] })
  const { notes } = arrange([doubtful, aside, ...anExam('L CC')], 'cc')
  expect(notes).toHaveLength(1)
  expect(notes[0]).toMatch(/^R CC: .*side/)
})

test('a reader may put another image into a pane; what stood there goes to the strip', () => {
  const [first, second] = anExam('R CC', 'R CC')
  if (!first || !second) throw new Error('no images')
  const usual = arrange([first, second, ...anExam('L CC')], 'cc')
  const other = usual.panes[0]?.image === first ? second : first
  const hung = arrange([first, second, ...anExam('L CC')], 'cc', { placed: new Map([['R CC', other.id]]) })
  expect(hung.panes[0]?.image).toBe(other)
  expect(hung.strip).toEqual([usual.panes[0]?.image])
  expect(hung.panes[0]?.alternatives).toEqual([usual.panes[0]?.image])
})

test('a single image is the one asked for, else the first that can be shown', () => {
  const images = anExam(...FOUR)
  expect(arrange(images, 'single', { active: images[3]?.id }).panes[0]?.image).toBe(images[3])
  expect(arrange(images, 'single').panes[0]?.image).toBe(images[0])
  const waiting = images.map((image, index) =>
    index === 0 ? { ...image, status: 'pending' as const } : image,
  )
  expect(arrange(waiting, 'single').panes[0]?.image).toBe(images[1])
})
