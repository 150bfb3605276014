/**
 * Fixed-width structures, field by field, big-endian. A structure's name prefixes its refusals: `cut.length` (not as many bytes as the
 * structure has), `cut.field` (a value does not fit its field), `cut.suite`.
 */
import { dataViewOf, fromHex, type Hex, hexDigits, toHex, viewOf } from './bytes.ts'
import { Refusal } from './refusal.ts'

const UINT32_SPAN = 2 ** 32

/** Writes fields in order; `finish` gives the bytes once all are written. */
export class FieldWriter {
  readonly #structure: string
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(structure: string, length: number) {
    this.#structure = structure
    this.#bytes = new Uint8Array(length)
    this.#view = dataViewOf(this.#bytes)
  }

  uint8(field: string, value: number): this {
    this.#view.setUint8(this.#claim(1), this.#checked(field, value, 0xff))
    return this
  }

  uint16(field: string, value: number): this {
    this.#view.setUint16(this.#claim(2), this.#checked(field, value, 0xffff))
    return this
  }

  uint32(field: string, value: number): this {
    this.#view.setUint32(this.#claim(4), this.#checked(field, value, 0xffffffff))
    return this
  }

  /** 8 bytes from a safe integer. */
  uint64(field: string, value: number): this {
    const checked = this.#checked(field, value, Number.MAX_SAFE_INTEGER)
    const offset = this.#claim(8)
    this.#view.setUint32(offset, Math.floor(checked / UINT32_SPAN))
    this.#view.setUint32(offset + 4, checked % UINT32_SPAN)
    return this
  }

  uint256(field: string, value: bigint): this {
    if (value < 0n || value >> 256n !== 0n) throw this.#misfit(field, 'an unsigned 256-bit integer')
    return this.bytes(field, fromHex(value.toString(16).padStart(64, '0')), 32)
  }

  bytes(field: string, value: Uint8Array, length: number): this {
    if (value.length !== length) throw this.#misfit(field, `${length} bytes, not ${value.length}`)
    this.#bytes.set(value, this.#claim(length))
    return this
  }

  hex(field: string, value: string, length: number): this {
    return this.bytes(field, fromHex(value), length)
  }

  /** The bytes; throws RangeError when fields are missing, which is a bug of the caller. */
  finish(): Uint8Array {
    if (this.#offset !== this.#bytes.length)
      throw new RangeError(`${this.#structure}: ${this.#offset} of ${this.#bytes.length} bytes written`)
    return this.#bytes
  }

  #claim(length: number): number {
    const offset = this.#offset
    this.#offset += length
    return offset
  }

  #checked(field: string, value: number, max: number): number {
    if (!Number.isSafeInteger(value) || value < 0 || value > max)
      throw this.#misfit(field, `an integer from 0 to ${max}`)
    return value
  }

  #misfit(field: string, wanted: string): Refusal {
    return new Refusal(`${this.#structure}.field`, `${this.#structure}: ${field} must be ${wanted}`)
  }
}

/** Reads fields in order from exactly `length` bytes; what it returns as bytes are views. */
export class FieldReader {
  readonly #structure: string
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(structure: string, bytes: Uint8Array, length: number) {
    if (bytes.length !== length)
      throw new Refusal(
        `${structure}.length`,
        `${structure}: ${bytes.length} bytes where ${length} belong; send it whole`,
      )
    this.#structure = structure
    this.#bytes = bytes
    this.#view = dataViewOf(bytes)
  }

  uint8(): number {
    return this.#view.getUint8(this.#claim(1))
  }

  uint32(): number {
    return this.#view.getUint32(this.#claim(4))
  }

  uint64(field: string): number {
    const offset = this.#claim(8)
    const value = this.#view.getUint32(offset) * UINT32_SPAN + this.#view.getUint32(offset + 4)
    if (!Number.isSafeInteger(value))
      throw new Refusal(`${this.#structure}.field`, `${this.#structure}: ${field} is above 2^53 - 1`)
    return value
  }

  uint256(): bigint {
    return BigInt(this.hex(32))
  }

  bytes(length: number): Uint8Array {
    const offset = this.#claim(length)
    return viewOf(this.#bytes, offset, offset + length)
  }

  hex(length: number): Hex {
    return toHex(this.bytes(length))
  }

  hexDigits(length: number): string {
    return hexDigits(this.bytes(length))
  }

  /** One of the named values of a one-byte field. */
  oneOf<T>(field: string, names: ReadonlyMap<number, T>): T {
    const code = this.uint8()
    const name = names.get(code)
    if (name === undefined)
      throw new Refusal(`${this.#structure}.field`, `${this.#structure}: ${field} ${code} is unknown`)
    return name
  }

  #claim(length: number): number {
    const offset = this.#offset
    this.#offset += length
    return offset
  }
}
