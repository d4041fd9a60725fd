import { describe, expect, it } from 'vitest'
import { askOf, qualityQueryOf, readQualitySearch } from './qualitySearch'

describe('what is looked at', () => {
  it('is read from the URL as far as it is well-formed', () => {
    expect(readQualitySearch({ by: 'detector', unit: 'D 1', operator: '3F2A00112233', days: '60' })).toEqual({
      days: '60',
      by: 'detector',
      unit: 'D 1',
      operator: '3F2A00112233',
    })
    expect(readQualitySearch({ by: 'password', operator: 'Doe^Jane', noUnit: 'yes', unit: '' })).toEqual({})
  })

  it('asks with an empty value for those that no header names', () => {
    const query = qualityQueryOf({ tz: 'UTC', noUnit: '1', noOperator: '1' })
    expect(askOf('/dose', query)).toBe('/api/quality/dose?days=30&tz=UTC&by=station&unit=&operator=')
  })

  it('asks for all where nothing is chosen', () => {
    expect(askOf('', qualityQueryOf({ tz: 'UTC' }))).toBe('/api/quality?days=30&tz=UTC&by=station')
  })
})
