/** The prefix of every device record, 33 bytes: `suite 1 ‖ chainId 8 ‖ agreement 20 ‖ leg 4`. */
import type { Hex } from './bytes.ts'
import { SUITE } from './digest.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { Refusal } from './refusal.ts'

export const PREFIX_BYTES = 33

/** Which leg of which agreement on which chain. */
export type LegRef = { chainId: number; agreement: Hex; leg: number }

/** A writer that has written the prefix; `length` is that of the whole record. */
export function writeRecord(structure: string, length: number, ref: LegRef): FieldWriter {
  return new FieldWriter(structure, length)
    .uint8('suite', SUITE)
    .uint64('chainId', ref.chainId)
    .hex('agreement', ref.agreement, 20)
    .uint32('leg', ref.leg)
}

/** The prefix, and a reader that stands after it; throws Refusal `<structure>.length`, `.suite` or `.field`. */
export function readRecord(
  structure: string,
  bytes: Uint8Array,
  length: number,
): { ref: LegRef; reader: FieldReader } {
  const reader = new FieldReader(structure, bytes, length)
  const suite = reader.uint8()
  if (suite !== SUITE)
    throw new Refusal(`${structure}.suite`, `Suite ${suite} is unknown; this program verifies suite ${SUITE}`)
  return {
    ref: { chainId: reader.uint64('chainId'), agreement: reader.hex(20), leg: reader.uint32() },
    reader,
  }
}
