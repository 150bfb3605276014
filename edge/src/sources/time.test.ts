import { describe, expect, it } from 'vitest'
import { parseIsoMs } from './time.ts'

describe('times of a file', () => {
  it.each([
    ['2016-08-09T19:00:11Z', Date.UTC(2016, 7, 9, 19, 0, 11)],
    ['2016-08-09T19:00:11', Date.UTC(2016, 7, 9, 19, 0, 11)],
    ['2016-08-09 19:00', Date.UTC(2016, 7, 9, 19, 0)],
    ['2016-08-09', Date.UTC(2016, 7, 9)],
    ['2016-08-09T19:00:11.25Z', Date.UTC(2016, 7, 9, 19, 0, 11, 250)],
    ['2016-08-09T21:00:11+02:00', Date.UTC(2016, 7, 9, 19, 0, 11)],
    ['2016-02-29T00:00:00Z', Date.UTC(2016, 1, 29)],
  ])('reads %s, as UTC unless an offset is written', (text, ms) => {
    expect(parseIsoMs(text, 'x')).toBe(ms)
  })

  it.each([
    '',
    'yesterday',
    '09.08.2016',
    '2016-02-30T00:00:00Z',
    '2015-02-29',
    '2016-13-01',
    '2016-08-09T24:01:00Z',
    '1470769211',
  ])('refuses "%s" with the code given', (text) => {
    expect(() => parseIsoMs(text, 'replay.time')).toThrow(expect.objectContaining({ code: 'replay.time' }))
  })
})
