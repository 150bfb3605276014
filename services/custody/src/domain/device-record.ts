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
import type { Agreement } from './agreement.ts'

/**
 * Something signed that came by way of the device. `leg` is the leg it is about (for legKeys the one that they open, for an
 * acceptance the one that would end), `digest` names the record, `key` these very bytes.
 */
export type DeviceRecord = { leg: number; digest: Hex; key: string; bytes: Hex } & (
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

/** What stands between a record and its event: `waits` for another record, `ready`, or `done` (already told, or too late to matter). */
export function stageOf(
  record: DeviceRecord,
  state: Agreement,
  known: Iterable<DeviceRecord>,
): 'waits' | 'ready' | 'done' {
  if (state.signed === undefined) return 'waits'
  const leg = state.legs[record.leg]
  switch (record.kind) {
    case 'legKeys':
      if (leg !== undefined) return 'done'
      return record.leg === 0 ? 'ready' : 'waits'
    case 'accept':
      return leg?.cut !== undefined ? 'done' : 'waits'
    case 'seal':
      if (leg === undefined) return 'waits'
      return leg.sealDigests.includes(record.digest) ? 'done' : 'ready'
    case 'offer': {
      if (leg === undefined) return 'waits'
      const made = leg.offers.some(({ offerDigest }) => offerDigest === record.digest)
      if (made || leg.cut !== undefined || state.delivered) return 'done'
      return nextKeysOf(record.signed, state, known) === undefined ? 'waits' : 'ready'
    }
    case 'cut': {
      if (leg === undefined) return 'waits'
      if (leg.cut !== undefined) return leg.cut.cutDigest === record.digest || leg.tampered ? 'done' : 'ready'
      const offer = toHex(record.signed.record.offerDigest)
      if (!leg.offers.some(({ offerDigest }) => offerDigest === offer)) return 'waits'
      return isAcceptKnown(record.signed, state, known) ? 'ready' : 'waits'
    }
  }
}

/** Signed keys of the next leg that an offer names: from an offer before it, or shown by the device and still unused. */
export function nextKeysOf(
  { record }: SignedOffer,
  state: Agreement,
  known: Iterable<DeviceRecord>,
): { verified: boolean; bytes: Hex; signed?: SignedLegKeys; key?: string } | undefined {
  const nextKeysHash = toHex(record.nextKeysHash)
  const offered = state.legs[record.leg]?.offers.find((made) => made.nextKeysHash === nextKeysHash)
  if (offered !== undefined) return { verified: true, bytes: offered.nextKeys }
  for (const shown of known) {
    if (shown.kind !== 'legKeys' || shown.digest !== nextKeysHash || shown.leg !== record.leg + 1) continue
    return { verified: false, bytes: shown.bytes, signed: shown.signed, key: shown.key }
  }
  return undefined
}

/** The acceptance that a cut names, when it came with an envelope. */
export function attachedAccept(
  { record }: SignedCut,
  known: Iterable<DeviceRecord>,
): Extract<DeviceRecord, { kind: 'accept' }> | undefined {
  const digest = toHex(record.acceptDigest)
  for (const shown of known) if (shown.kind === 'accept' && shown.digest === digest) return shown
  return undefined
}

function isAcceptKnown(cut: SignedCut, state: Agreement, known: Iterable<DeviceRecord>): boolean {
  const digest = toHex(cut.record.acceptDigest)
  const recorded = state.legs[cut.record.leg]?.acceptances.some(({ acceptDigest }) => acceptDigest === digest)
  return recorded === true || attachedAccept(cut, known) !== undefined
}

// Header offsets 2 (flags) and 40 (seq): all but one envelope of a leg is passed over without being parsed.
function mayHandOver(wire: Uint8Array): boolean {
  if (wire.length < 144) return false
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length)
  return (view.getUint16(2) & FLAG.handover) !== 0 && view.getUint32(40) === 0
}

const keyOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')
