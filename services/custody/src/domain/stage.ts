import { type SignedCut, type SignedOffer, toHex } from '@consign/envelope'
import type { Hex } from '@consign/events'
import type { Agreement, Leg } from './agreement.ts'
import type { DeviceRecord } from './device-record.ts'

/**
 * What stands between a record and its event: `waits` for another record, `unverified` (to be kept once its signatures are checked),
 * `ready`, or `done` (already told, or too late to matter).
 */
export type Stage = 'waits' | 'unverified' | 'ready' | 'done'

/** `known`: what waits beside it. */
export function stageOf(record: DeviceRecord, state: Agreement, known: Iterable<DeviceRecord>): Stage {
  if (state.signed === undefined) return 'waits'
  const leg = state.legs[record.leg]
  if (isUnmeasured(record.kind === 'legKeys' ? state.legs[record.leg - 1] : leg)) return 'done'
  switch (record.kind) {
    case 'legKeys':
      if (leg !== undefined) return 'done'
      if (record.leg === 0) return 'ready'
      return state.legs[record.leg - 1] !== undefined && !record.verified ? 'unverified' : 'waits'
    case 'accept':
      if (leg === undefined) return 'waits'
      if (leg.cut !== undefined) return 'done'
      return record.verified ? 'waits' : 'unverified'
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
      if (leg.cut !== undefined) {
        const isTold = leg.cut.cutDigest === record.digest || leg.cut.cut === undefined || leg.tampered
        return isTold ? 'done' : 'ready'
      }
      const offer = toHex(record.signed.record.offerDigest)
      if (!leg.offers.some(({ offerDigest }) => offerDigest === offer)) return 'waits'
      return isAcceptKnown(record.signed, state, known) ? 'ready' : 'waits'
    }
  }
}

/** After a manual cut without another device: nothing that any device shows is of this leg. */
const isUnmeasured = (leg: Leg | undefined): boolean => leg !== undefined && leg.keys === undefined

/** Verified keys of the next leg that an offer names, as signed bytes: from an offer before it, or shown by the device and still unused. */
export function nextKeysOf(
  { record }: SignedOffer,
  state: Agreement,
  known: Iterable<DeviceRecord>,
): Hex | undefined {
  const nextKeysHash = toHex(record.nextKeysHash)
  const offered = state.legs[record.leg]?.offers.find((made) => made.nextKeysHash === nextKeysHash)
  if (offered !== undefined) return offered.nextKeys
  for (const shown of known) {
    const named = shown.kind === 'legKeys' && shown.digest === nextKeysHash && shown.leg === record.leg + 1
    if (named && shown.verified) return shown.bytes
  }
  return undefined
}

/** The verified acceptance that a cut names, when it came with an envelope. */
export function attachedAccept(
  { record }: SignedCut,
  known: Iterable<DeviceRecord>,
): Extract<DeviceRecord, { kind: 'accept' }> | undefined {
  const digest = toHex(record.acceptDigest)
  for (const shown of known) {
    if (shown.kind === 'accept' && shown.digest === digest && shown.verified) return shown
  }
  return undefined
}

function isAcceptKnown(cut: SignedCut, state: Agreement, known: Iterable<DeviceRecord>): boolean {
  const digest = toHex(cut.record.acceptDigest)
  const recorded = state.legs[cut.record.leg]?.acceptances.some(({ acceptDigest }) => acceptDigest === digest)
  return recorded === true || attachedAccept(cut, known) !== undefined
}
