/**
 * Envelope body: `seed 16 ‖ times (count × uint32, ms after the header's monotonic base) ‖ one int32 column per bit of the mask, lowest
 * bit first`. Hashes are salted per column, so that a proof discloses the times and the one column it needs (docs/formats.md, "Envelope").
 */
import { HASH_BYTES, sha256, sha256Into } from '@consign/merkle/sha256'
import { dataViewOf, viewOf } from './bytes.ts'
import { TAG, TAG_BYTES } from './digest.ts'
import { READINGS_PER_ENVELOPE_MAX } from './header.ts'
import { columnCountOf, METRICS, type MetricName, MISSING, metricByName, metricIdsOf } from './metrics.ts'
import { Refusal } from './refusal.ts'

export const SEED_BYTES = 16
const VALUE_BYTES = 4
const INT32_MAX = 2147483647
const UINT32_MAX = 4294967295
const TIMES_ID = 0xff

/** One sample: integers in fixed units; what was not measured is absent. `monotonicMs` counts from the start of the leg. */
export type Reading = { monotonicMs: number; utcMs: number; values: Partial<Record<MetricName, number>> }

/** A decoded body: times in ms after the header's base, columns by metric id. */
export type Body = {
  seed: Uint8Array
  timesMs: Uint32Array
  columns: Map<number, Int32Array>
  column(metric: MetricName): Int32Array | undefined
}

/** A column with the salt that its hash begins with. */
export type SaltedColumn = { salt: Uint8Array; bytes: Uint8Array }

/** What a proof needs of a body: times, at most one column, and the hashes of all columns in order, times first. */
export type BodyDisclosure = { times: SaltedColumn; column?: SaltedColumn; hashes: Uint8Array[] }

/** Bytes of a body: 16 + count × (4 + 4 × columns). */
export function bodyBytesOf(mask: number, count: number): number {
  return SEED_BYTES + count * VALUE_BYTES * (1 + columnCountOf(mask))
}

/**
 * Columns of readings in time order; the mask is the union of what was measured. `utcMs` of readings is not stored: the header's base and the
 * offset give it. Throws Refusal `envelope.count`, `envelope.time` (before the base, out of order, over 49 days after it) or `envelope.value`.
 */
export function encodeBody(
  readings: readonly Reading[],
  { seed, baseMonotonicMs }: { seed: Uint8Array; baseMonotonicMs: number },
): { body: Uint8Array; bodyHash: Uint8Array; mask: number } {
  const count = readings.length
  if (count > READINGS_PER_ENVELOPE_MAX)
    throw new Refusal(
      'envelope.count',
      `${count} readings in one envelope; split them, at most ${READINGS_PER_ENVELOPE_MAX}`,
    )
  if (seed.length !== SEED_BYTES)
    throw new Refusal('envelope.field', `The seed has ${SEED_BYTES} bytes, not ${seed.length}`)
  const mask = maskOf(readings)
  const body = new Uint8Array(bodyBytesOf(mask, count))
  body.set(seed)
  const view = dataViewOf(body)
  let offset = SEED_BYTES
  let previousMs = 0
  for (const reading of readings) {
    const timeMs = reading.monotonicMs - baseMonotonicMs
    if (!Number.isInteger(timeMs) || timeMs < previousMs || timeMs > UINT32_MAX)
      throw new Refusal(
        'envelope.time',
        `A reading at ${timeMs} ms after the base does not follow one at ${previousMs} ms`,
      )
    view.setUint32(offset, timeMs)
    offset += VALUE_BYTES
    previousMs = timeMs
  }
  for (const metric of METRICS) {
    if (((mask >>> metric.id) & 1) === 0) continue
    for (const reading of readings) {
      const value = reading.values[metric.name]
      if (value !== undefined && (!Number.isInteger(value) || value <= MISSING || value > INT32_MAX))
        throw new Refusal(
          'envelope.value',
          `${metric.name} ${value} is no integer between -2^31 + 1 and 2^31 - 1`,
        )
      view.setInt32(offset, value ?? MISSING)
      offset += VALUE_BYTES
    }
  }
  return { body, bodyHash: bodyHash(body, mask, count), mask }
}

/** Times and columns of a body whose length fits mask and count; throws Refusal `envelope.length`. */
export function decodeBody(body: Uint8Array, mask: number, count: number): Body {
  checkLength(body, mask, count)
  const view = dataViewOf(body)
  const timesMs = new Uint32Array(count)
  for (let index = 0; index < count; index++)
    timesMs[index] = view.getUint32(SEED_BYTES + index * VALUE_BYTES)
  const columns = new Map<number, Int32Array>()
  let offset = SEED_BYTES + count * VALUE_BYTES
  for (const id of metricIdsOf(mask)) {
    const column = new Int32Array(count)
    for (let index = 0; index < count; index++) column[index] = view.getInt32(offset + index * VALUE_BYTES)
    columns.set(id, column)
    offset += count * VALUE_BYTES
  }
  return {
    seed: viewOf(body, 0, SEED_BYTES),
    timesMs,
    columns,
    column: (metric) => columns.get(metricByName(metric).id),
  }
}

// Scratch of the hot path; hashing is synchronous, and nothing of it is handed out.
const saltInput = new Uint8Array(TAG_BYTES + SEED_BYTES + 1)
saltInput.set(TAG.salt)
const saltedColumn = new Uint8Array(HASH_BYTES + READINGS_PER_ENVELOPE_MAX * VALUE_BYTES)
const columnHashes = new Uint8Array(33 * HASH_BYTES)

/** SHA-256 over the salted hashes of times and columns; throws Refusal `envelope.length`. */
export function bodyHash(body: Uint8Array, mask: number, count: number): Uint8Array {
  return sha256(viewOf(columnHashes, 0, hashColumns(body, mask, count) * HASH_BYTES))
}

/** What a proof needs of a body; without a metric, or with one outside the mask, the times alone. Throws Refusal `envelope.length`. */
export function disclose(
  body: Uint8Array,
  mask: number,
  count: number,
  metric: MetricName | undefined,
): BodyDisclosure {
  const hashed = hashColumns(body, mask, count)
  const hashes = Array.from({ length: hashed }, (_, index) =>
    columnHashes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  )
  const id = metric === undefined ? undefined : metricByName(metric).id
  const times = { salt: saltOf(body, TIMES_ID), bytes: columnAt(body, 0, count).slice() }
  if (id === undefined || ((mask >>> id) & 1) === 0) return { times, hashes }
  const bytes = columnAt(body, 1 + metricIdsOf(mask).indexOf(id), count).slice()
  return { times, column: { salt: saltOf(body, id), bytes }, hashes }
}

// Fills columnHashes, times first; returns how many.
function hashColumns(body: Uint8Array, mask: number, count: number): number {
  checkLength(body, mask, count)
  saltInput.set(viewOf(body, 0, SEED_BYTES), TAG_BYTES)
  const input = viewOf(saltedColumn, 0, HASH_BYTES + count * VALUE_BYTES)
  hashColumn(body, TIMES_ID, 0, count, input)
  let index = 1
  for (let rest = mask; rest !== 0; rest &= rest - 1)
    hashColumn(body, 31 - Math.clz32(rest & -rest), index++, count, input)
  return index
}

function hashColumn(body: Uint8Array, id: number, index: number, count: number, input: Uint8Array): void {
  saltInput[TAG_BYTES + SEED_BYTES] = id
  sha256Into(saltInput, input, 0)
  input.set(columnAt(body, index, count), HASH_BYTES)
  sha256Into(input, columnHashes, index * HASH_BYTES)
}

function saltOf(body: Uint8Array, id: number): Uint8Array {
  saltInput.set(viewOf(body, 0, SEED_BYTES), TAG_BYTES)
  saltInput[TAG_BYTES + SEED_BYTES] = id
  return sha256(saltInput)
}

function columnAt(body: Uint8Array, index: number, count: number): Uint8Array {
  const start = SEED_BYTES + index * count * VALUE_BYTES
  return viewOf(body, start, start + count * VALUE_BYTES)
}

function maskOf(readings: readonly Reading[]): number {
  let mask = 0
  for (const reading of readings)
    for (const metric of METRICS) if (reading.values[metric.name] !== undefined) mask |= 1 << metric.id
  return mask >>> 0
}

function checkLength(body: Uint8Array, mask: number, count: number): void {
  const length = bodyBytesOf(mask, count)
  if (body.length !== length)
    throw new Refusal(
      'envelope.length',
      `A body of ${count} readings has ${length} bytes here, not ${body.length}; send it whole`,
    )
}
