/** Bytes and their hexadecimal form. Everything here is portable. */
import { Refusal } from './refusal.ts'

/** `0x` and lower-case hexadecimal digits, two per byte. */
export type Hex = `0x${string}`

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** `0x…` of any bytes. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${hexDigits(bytes)}`
}

/** Hexadecimal digits of any bytes, without `0x`. */
export function hexDigits(bytes: Uint8Array): string {
  let digits = ''
  for (let index = 0; index < bytes.length; index++) digits += HEX_OF_BYTE[bytes[index] as number]
  return digits
}

/** Bytes of `0x…` or of bare digits, of either case; throws Refusal `bytes.hex` when it is not that, or not `length` bytes. */
export function fromHex(hex: string, length?: number): Uint8Array {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex
  if (
    digits.length % 2 !== 0 ||
    !/^[0-9a-fA-F]*$/.test(digits) ||
    (length ?? digits.length / 2) * 2 !== digits.length
  )
    throw new Refusal(
      'bytes.hex',
      `Expected ${length ?? 'whole'} bytes in hexadecimal, got ${digits.length} characters`,
    )
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16)
  return bytes
}

/** All parts in order, in one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Whether both hold the same bytes. Not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** Bytes [start, end) without a copy, as a plain Uint8Array even when `bytes` is a Buffer (whose `slice` does not copy). */
export function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

/** DataView over exactly these bytes. */
export function dataViewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
