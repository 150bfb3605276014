import { hash } from 'node:crypto'
import {
  cutDigest,
  type Envelope,
  encodeFrame,
  encodeSignedAccept,
  encodeSignedCut,
  FLAG,
  legKeysDigest,
  offerDigest,
  parseEnvelope,
  parseFrame,
  Refusal,
  type SignedAccept,
  type SignedCut,
  type SignedLegKeys,
  type SignedOffer,
  type SignedSeal,
  sealDigest,
  toHex,
} from '@consign/envelope'
import type { Hex } from '@consign/events'
import { acceptDigest } from '@consign/terms'

/**
 * Something signed that came by way of the device. `leg` is the leg it is about (for legKeys the one that they open, for an
 * acceptance the one that would end), `digest` names the record, `key` these very bytes. Next keys and acceptances lead to nothing
 * by themselves: they are `verified` while they wait to be named.
 */
export type DeviceRecord = { leg: number; digest: Hex; key: string; bytes: Hex; verified?: true } & (
  | { kind: 'legKeys'; signed: SignedLegKeys }
  | { kind: 'offer'; signed: SignedOffer }
  | { kind: 'cut'; signed: SignedCut }
  | { kind: 'seal'; signed: SignedSeal }
  | { kind: 'accept'; signed: SignedAccept }
)

export type Place = { chainId: number; agreement: Hex }

/**
 * The record in a stored device frame. Throws Refusal `frame.kind`, `frame.length`, `<record>.…`, or `record.place` when it names
 * another chain or agreement than the subject it stands on.
 */
export function recordOfFrame(bytes: Uint8Array, place: Place): DeviceRecord {
  const frame = parseFrame(bytes)
  if (frame.kind !== 'legKeys' && frame.kind !== 'offer' && frame.kind !== 'cut' && frame.kind !== 'seal') {
    throw new Refusal(
      'frame.kind',
      `a ${frame.kind} is no record of a device; store legKeys, offers, cuts and seals`,
    )
  }
  const { chainId, agreement, leg } = frame.signed.record
  if (chainId !== place.chainId || agreement !== place.agreement) {
    throw new Refusal(
      'record.place',
      `the ${frame.kind} is for ${agreement} on chain ${chainId}, not for ${place.agreement}`,
    )
  }
  const named = { leg, key: keyOf(bytes), bytes: toHex(frame.bytes) }
  switch (frame.kind) {
    case 'legKeys':
      return {
        ...named,
        kind: 'legKeys',
        signed: frame.signed,
        digest: toHex(legKeysDigest(frame.signed.record)),
      }
    case 'offer':
      return {
        ...named,
        kind: 'offer',
        signed: frame.signed,
        digest: toHex(offerDigest(frame.signed.record)),
      }
    case 'cut':
      return { ...named, kind: 'cut', signed: frame.signed, digest: toHex(cutDigest(frame.signed.record)) }
    case 'seal':
      return { ...named, kind: 'seal', signed: frame.signed, digest: toHex(sealDigest(frame.signed.record)) }
  }
}

/** Cut and acceptance that the first envelope of a leg carries; none for any other envelope, which is told by its header alone. */
export function recordsOfEnvelope(wire: Uint8Array, place: Place): DeviceRecord[] {
  if (!mayHandOver(wire)) return []
  const { cut, accept }: Envelope = parseEnvelope(wire)
  if (cut === undefined || accept === undefined) return []
  const acceptBytes = encodeSignedAccept(accept)
  const digest = acceptDigest(place, accept.record)
  return [
    {
      kind: 'accept',
      leg: cut.record.leg,
      digest,
      key: keyOf(acceptBytes),
      bytes: toHex(acceptBytes),
      signed: accept,
    },
    recordOfFrame(encodeFrame('cut', encodeSignedCut(cut)), place),
  ]
}

// Header offsets 2 (flags) and 40 (seq): all but one envelope of a leg is passed over without being parsed.
function mayHandOver(wire: Uint8Array): boolean {
  if (wire.length < 144) return false
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length)
  return (view.getUint16(2) & FLAG.handover) !== 0 && view.getUint32(40) === 0
}

const keyOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')
