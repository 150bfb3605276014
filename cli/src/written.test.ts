import { describe, expect, it } from 'vitest'
import {
  durationWritten,
  etherWritten,
  grouped,
  machineReadable,
  secondsWritten,
  table,
  tokensWritten,
} from './written.ts'

describe('amounts and times', () => {
  it('are written with their units', () => {
    expect(tokensWritten(10n ** 18n)).toBe('1 token')
    expect(tokensWritten(12_500_000_000_000_000_000n)).toBe('12.5 tokens')
    expect(etherWritten(20_000_000_000_000_000n)).toBe('0.02 ether')
    expect(secondsWritten(1_793_608_200n)).toBe('2026-11-02 08:30:00 UTC')
    expect(durationWritten(5_400_000)).toBe('90 minutes')
    expect(durationWritten(1)).toBe('1 millisecond')
    expect(durationWritten(0)).toBe('0 milliseconds')
    expect(grouped(1_234_567n)).toBe('1,234,567')
  })

  it('are decimal strings for machines', () => {
    expect(JSON.parse(machineReadable({ amount: 2n ** 128n }))).toEqual({ amount: String(2n ** 128n) })
  })

  it('stand in columns', () => {
    expect(table(['a', 'bc'], [['def', 'g']])).toEqual(['a    bc', 'def  g'])
  })
})
