/**
 * Envelope header: 144 bytes, fixed width, big-endian, read by the EVM as it is (docs/formats.md, "Envelope").
 * Digest of an envelope = SHA-256("consign.envelope" ‖ header).
 */
import { dataViewOf, type Hex, toHex, viewOf } from './bytes.ts'
import { SUITE, TAG, taggedDigest } from './digest.ts'
import { FieldWriter } from './fields.ts'
import { Refusal } from './refusal.ts'

export const HEADER_BYTES = 144
export const BOOT_ID_BYTES = 16

/** 512 × (4 + 4 × 12 metrics) = 26 KiB of body: with ML-DSA, cut and accept under 42 KiB, a third of the 128 KiB MQTT cap. */
export const READINGS_PER_ENVELOPE_MAX = 512

/** Bits of `flags`. */
export const FLAG = { checkpoint: 1, excursion: 2, handover: 4 } as const
const FLAGS_KNOWN = FLAG.checkpoint | FLAG.excursion | FLAG.handover

/** 0 unsynchronised, 1 synchronised, 2 holdover. */
export type ClockState = 0 | 1 | 2

/** Times in milliseconds; `bootId` 16 bytes; `bodyHash` and `previous` 32 bytes; flags are bits of FLAG, mask bits are metric ids. */
export type Header = {
  version: 1
  suite: 1
  flags: number
  mask: number
  chainId: number
  agreement: Hex
  leg: number
  seq: number
  bootId: Uint8Array
  baseMonotonicMs: number
  baseUtcMs: number
  clockState: ClockState
  count: number
  bodyHash: Uint8Array
  previous: Uint8Array
}

/** 144 bytes; throws Refusal `envelope.field` for a value that does not fit, and whatever decodeHeader refuses. */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = new FieldWriter('envelope', HEADER_BYTES)
    .uint8('version', header.version)
    .uint8('suite', header.suite)
    .uint16('flags', header.flags)
    .uint32('mask', header.mask)
    .uint64('chainId', header.chainId)
    .hex('agreement', header.agreement, 20)
    .uint32('leg', header.leg)
    .uint32('seq', header.seq)
    .bytes('bootId', header.bootId, BOOT_ID_BYTES)
    .uint64('baseMonotonicMs', header.baseMonotonicMs)
    .uint64('baseUtcMs', header.baseUtcMs)
    .uint8('clockState', header.clockState)
    .uint8('reserved', 0)
    .uint16('count', header.count)
    .bytes('bodyHash', header.bodyHash, 32)
    .bytes('previous', header.previous, 32)
    .finish()
  decodeHeader(bytes)
  return bytes
}

/**
 * The header in exactly 144 bytes; hashes are views. Throws Refusal `envelope.length`, `.version`, `.suite`, `.flags`, `.count` (above 512),
 * `.mask` (a heartbeat with columns) or `.field` (clock state, reserved byte, integer above 2^53 - 1).
 */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length !== HEADER_BYTES)
    throw new Refusal(
      'envelope.length',
      `A header has ${HEADER_BYTES} bytes, not ${bytes.length}; send it whole`,
    )
  const view = dataViewOf(bytes)
  if (view.getUint8(0) !== 1)
    throw new Refusal(
      'envelope.version',
      `Envelope version ${view.getUint8(0)} is unknown; this program reads version 1`,
    )
  if (view.getUint8(1) !== SUITE)
    throw new Refusal('envelope.suite', `Suite ${view.getUint8(1)} is unknown; this program verifies suite 1`)
  const flags = view.getUint16(2)
  if ((flags & ~FLAGS_KNOWN) !== 0)
    throw new Refusal('envelope.flags', `Flags 0x${flags.toString(16)} hold a bit above handover (4)`)
  const count = view.getUint16(78)
  if (count > READINGS_PER_ENVELOPE_MAX)
    throw new Refusal(
      'envelope.count',
      `${count} readings in one envelope; at most ${READINGS_PER_ENVELOPE_MAX}`,
    )
  const mask = view.getUint32(4)
  if (count === 0 && mask !== 0) throw new Refusal('envelope.mask', 'A heartbeat (count 0) has mask 0')
  const clockState = view.getUint8(76)
  if (clockState > 2) throw new Refusal('envelope.field', `Clock state ${clockState} is unknown; 0, 1 or 2`)
  if (view.getUint8(77) !== 0) throw new Refusal('envelope.field', 'Header byte 77 is reserved and must be 0')
  return {
    version: 1,
    suite: 1,
    flags,
    mask,
    chainId: uint64At(view, 8, 'chainId'),
    agreement: toHex(viewOf(bytes, 16, 36)),
    leg: view.getUint32(36),
    seq: view.getUint32(40),
    bootId: viewOf(bytes, 44, 60),
    baseMonotonicMs: uint64At(view, 60, 'baseMonotonicMs'),
    baseUtcMs: uint64At(view, 68, 'baseUtcMs'),
    clockState: clockState as ClockState,
    count,
    bodyHash: viewOf(bytes, 80, 112),
    previous: viewOf(bytes, 112, 144),
  }
}

/** SHA-256("consign.envelope" ‖ header). */
export function envelopeDigest(header: Uint8Array): Uint8Array {
  return taggedDigest(TAG.envelope, header)
}

function uint64At(view: DataView, offset: number, field: string): number {
  const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4)
  if (!Number.isSafeInteger(value)) throw new Refusal('envelope.field', `${field} is above 2^53 - 1`)
  return value
}
