/** The order n of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3) and the low half of it: (r, s) and (r, n - s) verify alike, so only s <= n/2 counts. */

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
// n >> 1 as eight 32-bit words, most significant first.
const HALF_ORDER = Array.from({ length: 8 }, (_, word) =>
  Number(((ORDER >> 1n) >> BigInt(32 * (7 - word))) & 0xffffffffn),
)

/** Whether a 64-byte signature r ‖ s has s above n/2. */
export function isHighS(signature: Uint8Array): boolean {
  const view = new DataView(signature.buffer, signature.byteOffset, signature.length)
  for (let word = 0; word < 8; word++) {
    const difference = view.getUint32(32 + 4 * word) - (HALF_ORDER[word] as number)
    if (difference !== 0) return difference > 0
  }
  return false
}

/** The same signature with s at or below n/2; a copy when it changes. */
export function toLowS(signature: Uint8Array): Uint8Array {
  return isHighS(signature) ? withOtherS(signature) : signature
}

/** The signature with n - s in place of s: the one other form that ECDSA accepts for the same message. */
export function withOtherS(signature: Uint8Array): Uint8Array {
  const s = ORDER - uintOf(signature.subarray(32))
  const other = signature.slice()
  for (let index = 0; index < 32; index++) other[63 - index] = Number((s >> BigInt(8 * index)) & 0xffn)
  return other
}

/** Whether 32 bytes are a private scalar: 1 to n - 1. */
export function isScalar(bytes: Uint8Array): boolean {
  const value = uintOf(bytes)
  return value > 0n && value < ORDER
}

function uintOf(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}
