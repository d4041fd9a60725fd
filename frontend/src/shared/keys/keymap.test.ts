import { describe, expect, test } from 'vitest'
import { KeyMatcher, type KeyPress, spellKeys } from '@/shared/keys/keymap'

const specs = new Set(['u', '/', '?', 'g i', 'g a', 'i'])

function press(key: string, atMilliseconds = 0, more: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, altKey: false, inField: false, atMilliseconds, ...more }
}

describe('single keys', () => {
  test('a known key is found, another is not', () => {
    expect(new KeyMatcher().match(press('u'), specs)).toBe('u')
    expect(new KeyMatcher().match(press('x'), specs)).toBeNull()
  })
  test('a field keeps its letters', () => {
    expect(new KeyMatcher().match(press('u', 0, { inField: true }), specs)).toBeNull()
  })
  test('the browser keeps its own shortcuts', () => {
    expect(new KeyMatcher().match(press('u', 0, { ctrlKey: true }), specs)).toBeNull()
    expect(new KeyMatcher().match(press('u', 0, { metaKey: true }), specs)).toBeNull()
  })
  test('a command may ask for a key with Ctrl; in a field the browser undoes the typing', () => {
    const undo = new Set(['Ctrl+z', 'z'])
    expect(new KeyMatcher().match(press('z', 0, { ctrlKey: true }), undo)).toBe('Ctrl+z')
    expect(new KeyMatcher().match(press('z', 0, { metaKey: true }), undo)).toBe('Ctrl+z')
    expect(new KeyMatcher().match(press('Z', 0, { ctrlKey: true }), undo)).toBeNull()
    expect(new KeyMatcher().match(press('z', 0, { ctrlKey: true, inField: true }), undo)).toBeNull()
    expect(new KeyMatcher().match(press('z', 0, { ctrlKey: true, altKey: true }), undo)).toBeNull()
  })
})

describe('two keys in a row', () => {
  test('g then i is one command, and not the command of i', () => {
    const matcher = new KeyMatcher()
    expect(matcher.match(press('g', 0), specs)).toBeNull()
    expect(matcher.match(press('i', 300), specs)).toBe('g i')
    expect(matcher.match(press('i', 600), specs)).toBe('i')
  })
  test('a long pause forgets the first key', () => {
    const matcher = new KeyMatcher()
    matcher.match(press('g', 0), specs)
    expect(matcher.match(press('a', 5000), specs)).toBeNull()
  })
  test('a wrong second key counts for itself', () => {
    const matcher = new KeyMatcher()
    matcher.match(press('g', 0), specs)
    expect(matcher.match(press('u', 100), specs)).toBe('u')
  })
})

test('keys are spelled as they stand on the keyboard', () => {
  expect(spellKeys('g i')).toEqual(['g', 'i'])
  expect(spellKeys('ArrowLeft')).toEqual(['←'])
  expect(spellKeys('Escape')).toEqual(['Esc'])
  expect(spellKeys('Ctrl+z')).toEqual(['Ctrl', 'Z'])
  expect(spellKeys('+')).toEqual(['+'])
  expect(spellKeys(' ')).toEqual(['Space'])
})
