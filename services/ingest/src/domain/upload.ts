/** Frames that belong into the log, read as far as their place and digest; and the facts they become. */
import {
  cutDigest,
  type Envelope,
  type Frame,
  type Hex,
  type LegRef,
  legKeysDigest,
  offerDigest,
  type PublicKeys,
  parseEnvelope,
  Refusal,
  type SignedLegKeys,
  sealDigest,
  toHex,
} from '@consign/envelope'
import type { EnvelopeFlag } from '@consign/events'
import type { Link } from './ledger.ts'
import type { Fact } from './shipment.ts'
import { unreachable } from './unreachable.ts'

export type RecordFrame = Extract<Frame, { kind: 'legKeys' | 'offer' | 'cut' | 'seal' }>
export type EnvelopeUpload = { kind: 'envelope'; ref: LegRef; digest: Hex; envelope: Envelope; link: Link }
export type RecordUpload = { kind: 'record'; ref: LegRef; digest: Hex; frame: RecordFrame }
export type Upload = EnvelopeUpload | RecordUpload

/** Throws Refusal `frame.direction` for what a device does not send, and what parseEnvelope throws. */
export function readUpload(frame: Frame): Upload {
  switch (frame.kind) {
    case 'envelope':
      return readEnvelope(frame.bytes)
    case 'legKeys':
      return record(frame, legKeysDigest(frame.signed.record))
    case 'offer':
      return record(frame, offerDigest(frame.signed.record))
    case 'cut':
      return record(frame, cutDigest(frame.signed.record))
    case 'seal':
      return record(frame, sealDigest(frame.signed.record))
    default:
      throw new Refusal(
        'frame.direction',
        `a device does not send frames of kind ${frame.kind}: leave it out`,
      )
  }
}

export function readEnvelope(wire: Uint8Array): EnvelopeUpload {
  const envelope = parseEnvelope(wire)
  const { header } = envelope
  const digest = hexOf(envelope.digest)
  const link = { seq: header.seq, digest, previous: hexOf(header.previous) }
  return { kind: 'envelope', ref: header, digest, envelope, link }
}

/** What toHex gives, by the engine itself: this is done twice for every envelope. */
function hexOf(bytes: Uint8Array): Hex {
  return `0x${bytes.toHex()}`
}

function record(frame: RecordFrame, digest: Uint8Array): RecordUpload {
  return { kind: 'record', ref: frame.signed.record, digest: toHex(digest), frame }
}

/** The fact that an upload is once its signatures have been checked: before it was stored, so that what the log holds needs no second check. */
export function factOf(upload: Upload, flags: EnvelopeFlag[]): Fact {
  const { leg } = upload.ref
  if (upload.kind === 'envelope') {
    const { cut } = upload.envelope
    const fact: Fact = { kind: 'envelope', leg, link: upload.link, flags }
    return cut === undefined
      ? fact
      : { ...fact, cut: { digest: toHex(cutDigest(cut.record)), record: cut.record } }
  }
  const { frame, digest } = upload
  switch (frame.kind) {
    case 'legKeys':
      return { kind: 'legKeys', leg, digest, keys: keysOf(frame.signed) }
    case 'offer':
      return { kind: 'offer', leg, digest, record: frame.signed.record }
    case 'cut':
      return { kind: 'cut', leg, digest, record: frame.signed.record }
    case 'seal':
      return { kind: 'seal', leg, digest }
    default:
      return unreachable(frame)
  }
}

/** keys = P-256 x ‖ y 64, SHA-256 of the ML-DSA key 32, SLH-DSA key 32. */
function keysOf({ record: { keys }, mlDsaKey }: SignedLegKeys): PublicKeys {
  return { p256: keys.slice(0, 64), mlDsa: mlDsaKey.slice(), slhDsa: keys.slice(96, 128) }
}
