import { expect, test } from 'vitest'
import { parseSearch, readReturnPath, stringifySearch } from '@/app/search'

test('a patient id keeps its leading zeros', () => {
  expect(parseSearch('?q=0042')).toEqual({ q: '0042' })
  expect(stringifySearch({ q: '0042', view: undefined })).toBe('?q=0042')
  expect(stringifySearch({})).toBe('')
})

test('the way back after signing in never leaves this page', () => {
  expect(readReturnPath('/images/7?view=CC')).toBe('/images/7?view=CC')
  expect(readReturnPath('//evil.example/')).toBe('/')
  expect(readReturnPath('/\\evil.example/')).toBe('/')
  expect(readReturnPath('https://evil.example/')).toBe('/')
  expect(readReturnPath('/login?return=/login')).toBe('/')
  expect(readReturnPath(undefined)).toBe('/')
})
