/** GS1 Serial Shipping Container Code: 18 digits, the last one a check digit (GS1 General Specifications, 7.9.1). */
import { Refusal } from '@consign/envelope'

/** Appends the check digit to 17 digits. Refusal 'sscc.digits'. */
export function ssccWithCheckDigit(digits17: string): string {
  if (!/^[0-9]{17}$/.test(digits17)) {
    throw new Refusal('sscc.digits', `an SSCC needs 17 digits before its check digit, got "${digits17}"`)
  }
  return `${digits17}${checkDigit(digits17)}`
}

export function isSscc(digits18: string): boolean {
  return /^[0-9]{18}$/.test(digits18) && checkDigit(digits18.slice(0, 17)) === digits18.at(-1)
}

// Weights alternate 3, 1 and begin with 3 at the digit next to the check digit; with 17 digits that is also the first one.
function checkDigit(digits17: string): string {
  let sum = 0
  for (let i = 0; i < digits17.length; i++) sum += Number(digits17[i]) * (i % 2 === 0 ? 3 : 1)
  return String((10 - (sum % 10)) % 10)
}
