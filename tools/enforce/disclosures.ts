// What a proof shows of an envelope: its header, one column and, where time counts, the times; every other column only as a hash
// (docs/formats.md, Envelope).
import { bytesToHex, concat, type Hex, numberToHex, sha256, slice } from 'viem'
import { columnsOf, type Envelope, tagged } from './formats.ts'
import { type Limit, metricBit } from './terms.ts'

/** Argument of the contracts. */
export type Disclosure = {
  header: Hex
  times: Hex
  timesSalt: Hex
  column: Hex
  columnSalt: Hex
  hashes: Hex[]
}

/** One measured value of a leg; `timeMs` since the leg began. */
export type Sample = { seq: number; index: number; timeMs: number; bootId: Hex; value: number }

const SEED_BYTES = 16
const TIMES = 0xff
const MISSING = -(2 ** 31)
const NO_SALT: Hex = `0x${'00'.repeat(32)}`

/** SHA-256 over the hashes of the salted columns, the times' first. */
export const bodyHashOf = (envelope: Envelope): Hex => sha256(concat(columnHashes(envelope)))

export function discloseEnvelope(envelope: Envelope, limit: Limit): Disclosure {
  const bit = metricBit(limit.metric)
  const measured = columnsOf(envelope.mask).includes(bit)
  const timed = limit.kind !== 'limit.instantaneous' || limit.startUpMs > 0
  return {
    header: envelope.header,
    times: timed ? columnOf(envelope, TIMES) : '0x',
    timesSalt: timed ? saltOf(envelope, TIMES) : NO_SALT,
    column: measured ? columnOf(envelope, bit) : '0x',
    columnSalt: measured ? saltOf(envelope, bit) : NO_SALT,
    hashes: columnHashes(envelope),
  }
}

/** The values that count for a limit: those that were measured, on leg 0 after the start-up. */
export function samplesOf(envelopes: Envelope[], limit: Limit): Sample[] {
  return envelopes.flatMap((envelope) => {
    const { seq, leg, bootId, baseMonotonicMs, mask, count } = envelope
    const bit = metricBit(limit.metric)
    if (!columnsOf(mask).includes(bit)) return []
    const [times, values] = [columnOf(envelope, TIMES), columnOf(envelope, bit)]
    return Array.from({ length: count }, (_, index) => {
      const [offsetMs, value] = [uint32At(times, index), uint32At(values, index) | 0]
      return { seq, index, timeMs: baseMonotonicMs + offsetMs, bootId, value }
    }).filter(({ value, timeMs }) => value !== MISSING && (leg > 0 || timeMs >= limit.startUpMs))
  })
}

const columnHashes = (envelope: Envelope): Hex[] =>
  [TIMES, ...columnsOf(envelope.mask)].map((id) =>
    sha256(concat([saltOf(envelope, id), columnOf(envelope, id)])),
  )

const saltOf = ({ body }: Envelope, id: number): Hex =>
  tagged('consign.salt', concat([bytesToHex(body.subarray(0, SEED_BYTES)), numberToHex(id, { size: 1 })]))
    .digest

// seed 16 ‖ times ‖ a column for each bit of the mask, lowest first; four bytes a reading.
function columnOf({ body, mask, count }: Envelope, id: number): Hex {
  const place = id === TIMES ? 0 : 1 + columnsOf(mask).indexOf(id)
  const start = SEED_BYTES + 4 * count * place
  return bytesToHex(body.subarray(start, start + 4 * count))
}

const uint32At = (column: Hex, index: number): number => Number(slice(column, 4 * index, 4 * index + 4))
