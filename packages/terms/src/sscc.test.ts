import { expect, it } from 'vitest'
import { isSscc, ssccWithCheckDigit } from './sscc.ts'

it('gives the check digit of the GS1 General Specifications example', () => {
  expect(ssccWithCheckDigit('37610425002123456')).toBe('376104250021234569')
})

it('refuses every other check digit', () => {
  const good = '376104250021234569'
  const accepted = [...'0123456789'].map((digit) => good.slice(0, 17) + digit).filter(isSscc)
  expect(accepted).toEqual([good])
})

it('notices any single altered digit', () => {
  const good = '376104250021234569'
  for (let i = 0; i < 18; i++) {
    const other = String((Number(good[i]) + 1) % 10)
    expect(isSscc(good.slice(0, i) + other + good.slice(i + 1))).toBe(false)
  }
})

it.each(['', '3761042500212345', '376104250021234569', '3761042500212345x'])(
  'refuses to complete "%s"',
  (digits) => {
    expect(() => ssccWithCheckDigit(digits)).toThrow(expect.objectContaining({ code: 'sscc.digits' }))
  },
)
