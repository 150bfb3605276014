/**
 * exp and ln on bigints with 96 binary digits after the point, the same on every machine: JavaScript leaves the last bits of Math.exp to the
 * engine. Series are cut where terms vanish; the error stays below 2^-88.
 */
const FRACTION_BITS = 96n
export const ONE = 1n << FRACTION_BITS

const multiply = (a: bigint, b: bigint): bigint => (a * b) >> FRACTION_BITS

/** numerator / denominator, rounded down. */
export const fraction = (numerator: bigint, denominator: bigint): bigint =>
  (numerator << FRACTION_BITS) / denominator

/** ln 2 = 2 artanh(1/3). */
const LN_2 = 2n * artanh(ONE / 3n)

/** e^-x for x >= 0: with x = k ln 2 + r, e^-r by its Taylor series, halved k times. */
export function expOfMinus(x: bigint): bigint {
  const halvings = x / LN_2
  const rest = x % LN_2
  let sum = 0n
  let term = ONE
  for (let n = 1n; term !== 0n; n++) {
    sum += term
    term = -multiply(term, rest) / n
  }
  return sum >> halvings
}

/** ln x for x > 0: with x = 2^k f and f in [1, 2), ln f = 2 artanh((f - 1) / (f + 1)). */
export function ln(x: bigint): bigint {
  if (x <= 0n) throw new RangeError('only positive numbers have a logarithm')
  const exponent = BigInt(x.toString(2).length - 1) - FRACTION_BITS
  const mantissa = exponent >= 0n ? x >> exponent : x << -exponent
  return exponent * LN_2 + 2n * artanh(fraction(mantissa - ONE, mantissa + ONE))
}

/** y + y^3/3 + y^5/5 + … for y in [0, 1/3]. */
function artanh(y: bigint): bigint {
  const square = multiply(y, y)
  let sum = 0n
  let power = y
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n
    power = multiply(power, square)
  }
  return sum
}
