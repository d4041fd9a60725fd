import { expect, test } from 'vitest'
import { rowsOfHeader, searchRows } from './header'

const keywords = {
  '00100010': 'PatientName',
  '00080060': 'Modality',
  '00540220': 'ViewCodeSequence',
  '00080100': 'CodeValue',
}

const header = {
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] },
  '00080060': { vr: 'CS', Value: ['MG'] },
  '00540220': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['399162004'] } }] },
  '00091001': { vr: 'LO', Value: ['a', 'b'] },
  '7FE00010': { vr: 'OW', byteCount: 1704 },
}

const rows = rowsOfHeader(header, keywords)

test('elements come in the order of their tags, items below their sequence', () => {
  expect(rows.map((row) => [row.tag, row.depth])).toEqual([
    ['(0008,0060)', 0],
    ['(0009,1001)', 0],
    ['(0010,0010)', 0],
    ['(0054,0220)', 0],
    ['(0008,0100)', 1],
    ['(7FE0,0010)', 0],
  ])
})

test('names, several values, bulk data and sequences are readable', () => {
  const value = Object.fromEntries(rows.map((row) => [row.tag, row.value]))
  expect(value['(0010,0010)']).toBe('Doe^Jane')
  expect(value['(0009,1001)']).toBe('a \\ b')
  expect(value['(7FE0,0010)']).toBe('1704 bytes')
  expect(value['(0054,0220)']).toBe('1 item')
})

test('a private element says so', () => {
  expect(rows.find((row) => row.tag === '(0009,1001)')?.keyword).toBe('private')
})

test('the search finds tags without brackets, keywords and values, all words', () => {
  expect(searchRows(rows, '00100010')).toHaveLength(1)
  expect(searchRows(rows, 'patient doe')).toHaveLength(1)
  expect(searchRows(rows, 'patient smith')).toHaveLength(0)
  expect(searchRows(rows, '  ')).toHaveLength(rows.length)
})

test('endless nesting ends', () => {
  let nested: Record<string, { vr: string; Value: unknown[] }> = { '00080060': { vr: 'CS', Value: ['MG'] } }
  for (let depth = 0; depth < 50; depth += 1) nested = { '00540220': { vr: 'SQ', Value: [nested] } }
  expect(rowsOfHeader(nested, keywords).length).toBeLessThan(20)
})
