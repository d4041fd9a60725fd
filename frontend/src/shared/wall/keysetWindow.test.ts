import { describe, expect, test } from 'vitest'
import {
  appendOlder,
  expectNewer,
  keepRows,
  type KeysetWindow,
  openWindow,
  prependNewer,
  removeRows,
  replaceRows,
  takeStretch,
} from '@/shared/wall/keysetWindow'
import {
  compare,
  firstFrom,
  type Placed,
  placeAt,
  placeBefore,
  placeOf,
  readPlace,
} from '@/shared/wall/place'
import { ListServer, randomFrom, rowAt } from '@/shared/wall/randomList.testing'

type Window = KeysetWindow<Placed>

const LIMIT = 7

function older(window: Window, server: ListServer): Window {
  if (window.older === null) return window
  return appendOlder(
    window,
    window.older,
    server.read({ cursor: window.older, direction: 'next', limit: LIMIT }),
  )
}

function newer(window: Window, server: ListServer): Window {
  if (window.newer === null) return window
  return prependNewer(
    window,
    window.newer,
    server.read({ cursor: window.newer, direction: 'prev', limit: LIMIT }),
  )
}

function openAt(server: ListServer, place: Placed): Window {
  return openWindow(server.read({ cursor: placeBefore(place), direction: 'next', limit: LIMIT }))
}

function serverOf(count: number, perSecond = 3): ListServer {
  return new ListServer(Array.from({ length: count }, (_, n) => rowAt(n + 1, Math.floor(n / perSecond))))
}

/** What is wrong with a window: an id twice, out of order, something missing but what is `late`, something gone. */
function faultsOf(window: Window, server: ListServer, late: ReadonlySet<number> = new Set()): string[] {
  const ids = window.rows.map((row) => row.id)
  const [first, last] = [window.rows[0], window.rows.at(-1)]
  const known = new Set(ids)
  const alive = new Set(server.rows.map((row) => row.id))
  const isMissing = (row: Placed) => {
    if (!first || !last || known.has(row.id) || late.has(row.id)) return false
    if (compare(row, first) < 0) return window.newer === null
    return compare(row, last) > 0 ? window.older === null : true
  }
  return [
    ...(known.size === ids.length ? [] : ['an id comes twice']),
    ...(window.rows.every((row, n) => n === 0 || compare(window.rows[n - 1] as Placed, row) < 0)
      ? []
      : ['out of order']),
    ...server.rows.filter(isMissing).map((row) => `${row.id} is missing`),
    ...ids.filter((id) => !alive.has(id)).map((id) => `${id} is gone`),
  ]
}

describe('places', () => {
  test('a fraction that the server left out is put back, and none is mistaken for an old cursor', () => {
    expect(placeOf({ id: 3, createdAt: '2026-01-01T00:00:00Z' })).toBe('2026-01-01T00:00:00.000000Z_3')
    expect(placeOf({ id: 3, createdAt: '2026-01-01T00:00:00.123456Z' })).toBe('2026-01-01T00:00:00.123456Z_3')
  })

  test('times of different length compare by what they say', () => {
    const whole = { id: 1, createdAt: '2026-01-01T00:00:00Z' }
    const later = { id: 1, createdAt: '2026-01-01T00:00:00.5Z' }
    expect(compare(later, whole)).toBeLessThan(0)
    expect(compare(whole, { id: 1, createdAt: '2026-01-01T00:00:00.000000Z' })).toBe(0)
    expect(compare({ ...whole, id: 2 }, whole)).toBeLessThan(0)
  })

  test('what is no place is told apart', () => {
    const place = '2026-01-01T00:00:00.123456Z_17'
    expect(readPlace(place)).toEqual({ createdAt: '2026-01-01T00:00:00.123456Z', id: 17 })
    for (const bad of [
      '',
      'x',
      '17',
      place.slice(0, -3),
      `${place}x`,
      place.replace('-01-01', '-99-99'),
      '2026_1',
    ])
      expect(readPlace(bad)).toBeNull()
  })

  test('a place need not be a row', () => {
    const rows = [rowAt(9, 30), rowAt(8, 20), rowAt(7, 20), rowAt(6, 10)]
    expect(firstFrom(rows, placeAt(new Date(rowAt(0, 21).createdAt)))).toBe(1)
    expect(firstFrom(rows, rowAt(7, 20))).toBe(2)
    expect(firstFrom(rows, rowAt(1, 0))).toBe(4)
  })
})

test('walking down to the end and up to the head meets every row once', () => {
  const server = serverOf(100)
  let window = openWindow(server.read({ cursor: null, direction: 'next', limit: LIMIT }))
  const met: number[] = window.rows.map((row) => row.id)
  while (window.older !== null) {
    const held = new Set(window.rows.map((row) => row.id))
    window = older(window, server)
    met.push(...window.rows.filter((row) => !held.has(row.id)).map((row) => row.id))
    window = keepRows(window, Math.max(0, window.rows.length - 20), window.rows.length)
    expect(faultsOf(window, server)).toEqual([])
  }
  expect(met).toEqual(server.rows.map((row) => row.id))
  while (window.newer !== null) {
    window = keepRows(newer(window, server), 0, 20)
    expect(faultsOf(window, server)).toEqual([])
  }
  expect(window.rows[0]).toEqual(server.rows[0])
})

test('a place in the middle opens with its own row first, and goes on both ways', () => {
  const server = serverOf(60)
  const at = server.rows[30] as Placed
  const window = openAt(server, at)
  expect(window.rows[0]).toEqual(at)
  expect(newer(window, server).rows.map((row) => row.id)).toEqual(
    server.rows.slice(30 - LIMIT, 30 + LIMIT).map((row) => row.id),
  )
})

test('an answer that comes after the window moved on changes nothing', () => {
  const server = serverOf(60)
  const window = older(openAt(server, server.rows[20] as Placed), server)
  const asked = window.older as string
  const answer = server.read({ cursor: asked, direction: 'next', limit: LIMIT })
  const moved = keepRows(window, 0, 5)
  expect(appendOlder(moved, asked, answer)).toBe(moved)
  expect(prependNewer(moved, 'another', answer)).toBe(moved)
})

test('a list whose cursor leads back to itself ends', () => {
  const server = serverOf(20)
  const window = openWindow(server.read({ cursor: null, direction: 'next', limit: LIMIT }))
  const cursor = window.older as string
  expect(appendOlder(window, cursor, { rows: [], nextCursor: cursor, prevCursor: null }).older).toBeNull()
})

describe('a stretch that is read again', () => {
  const server = serverOf(40)
  const start = openWindow(server.read({ cursor: null, direction: 'next', limit: 20 }))

  test('loses what was deleted, gains what came late, keeps what lies below', () => {
    const changed = new ListServer(server.rows)
    const gone = start.rows[2] as Placed
    changed.remove(gone.id)
    changed.add(rowAt(500, 12))
    changed.add(rowAt(501, 99))
    const fresh = takeStretch(start, null, changed.read({ cursor: null, direction: 'next', limit: 10 }))
    expect(faultsOf(fresh, changed)).toEqual([])
    expect(fresh.rows.map((row) => row.id)).not.toContain(gone.id)
    expect(fresh.rows.map((row) => row.id)).toEqual(expect.arrayContaining([500, 501]))
    expect(fresh.older).toBe(start.older)
  })

  test('starts over when more arrived than a page holds: no hole', () => {
    const changed = new ListServer(server.rows)
    for (let n = 0; n < 30; n += 1) changed.add(rowAt(600 + n, 200 + n))
    const fresh = takeStretch(start, null, changed.read({ cursor: null, direction: 'next', limit: 10 }))
    expect(faultsOf(fresh, changed)).toEqual([])
    expect(fresh.rows).toHaveLength(10)
    expect(fresh.older).not.toBeNull()
  })

  test('in the middle leaves what stands above it', () => {
    const changed = new ListServer(server.rows)
    const first = start.rows[8] as Placed
    changed.remove(first.id)
    const from = { ...first, id: first.id + 1 }
    const page = changed.read({ cursor: placeOf(from), direction: 'next', limit: 5 })
    const fresh = takeStretch(start, from, page)
    expect(faultsOf(fresh, changed)).toEqual([])
    expect(fresh.rows).toHaveLength(start.rows.length - 1)
  })
})

test('rows are replaced and removed without touching what is not held', () => {
  const server = serverOf(10)
  const window = openWindow(server.read({ cursor: null, direction: 'next', limit: 5 }))
  expect(replaceRows(window, [rowAt(999, 1)])).toBe(window)
  expect(removeRows(window, new Set([999]))).toBe(window)
  expect(expectNewer(window).newer).toBe(placeOf(window.rows[0] as Placed))
})

/** One walk: reading both ways, dropping, deleting, late arrivals, reading again, opening elsewhere. */
function walk(seed: number, steps: number): string[] {
  const random = randomFrom(seed)
  const server = new ListServer(Array.from({ length: 30 + random(80) }, (_, n) => rowAt(n + 1, random(40))))
  const late = new Set<number>()
  let nextId = 1000
  let window = openWindow(server.read({ cursor: null, direction: 'next', limit: LIMIT }))
  const acts: (() => void)[] = [
    () => (window = older(window, server)),
    () => (window = older(window, server)),
    () => (window = newer(window, server)),
    () => (window = newer(window, server)),
    () => {
      const start = random(window.rows.length + 1)
      window = keepRows(window, start, start + 1 + random(30))
    },
    () => {
      const row = server.rows[random(server.rows.length)]
      if (!row) return
      server.remove(row.id)
      window = removeRows(window, new Set([row.id]))
    },
    () => {
      const row = rowAt((nextId += 1), random(50))
      server.add(row)
      late.add(row.id)
    },
    () => {
      const start = random(window.rows.length)
      const row = window.rows[start]
      if (!row) return
      const from = { ...row, id: row.id + 1 }
      const page = server.read({ cursor: placeOf(from), direction: 'next', limit: LIMIT })
      window = takeStretch(window, from, page)
    },
    () => {
      window = openAt(server, rowAt(random(100), random(45)))
    },
  ]
  const faults: string[] = []
  for (let step = 0; step < steps; step += 1) {
    acts[random(acts.length)]?.()
    faults.push(...faultsOf(window, server, late))
  }
  // Nothing moves any more: opened anew and read to both ends it is the server's list, late ones too.
  window = openAt(server, rowAt(random(100), random(45)))
  while (window.older !== null) window = older(window, server)
  while (window.newer !== null) window = newer(window, server)
  return [...faults, ...faultsOf(window, server)]
}

test('on random walks no id comes twice and none is missing', () => {
  for (let seed = 1; seed <= 60; seed += 1) expect(walk(seed, 60), `seed ${seed}`).toEqual([])
})
