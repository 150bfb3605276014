import {
  type CryptoProvider,
  decodeSignedAccept,
  deviceId,
  fromHex,
  namedKeys,
  type PublicKeys,
  Refusal,
  toHex,
  verifyCut,
  verifyLegKeys,
  verifyOffer,
  verifySeal,
} from '@consign/envelope'
import { checkNotExpired, device, type Terms, verifyAccept } from '@consign/terms'
import { acceptingParty } from './domain/acceptance.ts'
import type { Agreement, Leg } from './domain/agreement.ts'
import type { Command } from './domain/decide.ts'
import type { DeviceRecord, Place } from './domain/device-record.ts'
import { attachedAccept, nextKeysOf } from './domain/stage.ts'

/**
 * Checks every signature of a record that is ready against the keys that custody itself knows, down from the device of the terms, and
 * gives the command it stands for. `utcMsBeforeCut`: when the last envelope before a cut begins, by the device's clock. Throws
 * Refusal `<record>.signature.…`, `legKeys.mlDsaKey`, `offer.device`, `accept.…`, `delegation.…`.
 */
export async function verifyRecord(
  crypto: CryptoProvider,
  state: Agreement,
  record: DeviceRecord,
  known: readonly DeviceRecord[],
  utcMsBeforeCut: (cut: { leg: number; n: number }) => Promise<number>,
): Promise<Command> {
  switch (record.kind) {
    case 'legKeys':
      await verifyLegKeys(crypto, deviceKeys(termsOf(state)), record.signed)
      return { type: 'pack', keys: record.bytes, keysHash: record.digest }
    case 'offer':
      return verifyOffered(crypto, state, record, known)
    case 'seal': {
      await verifySeal(crypto, keysOf(state, record), record.signed)
      const { leg, n, root, head } = record.signed.record
      const sealed = { leg, n, root: toHex(root), head: toHex(head) }
      return { type: 'seal', ...sealed, seal: record.bytes, sealDigest: record.digest }
    }
    case 'cut':
      return verifyCutLeg(crypto, state, record, known, utcMsBeforeCut)
    case 'accept':
      throw new Error('an acceptance is no command of its own: it comes with a cut or by request')
  }
}

/** The same for next keys and attached acceptances, which become part of the command that names them; whether a delegation had ended, the cut tells. */
export async function verifyShown(
  crypto: CryptoProvider,
  place: Place,
  state: Agreement,
  record: DeviceRecord,
): Promise<void> {
  if (record.kind === 'legKeys') {
    await verifyLegKeys(crypto, keysOf(state, { ...record, leg: record.leg - 1 }), record.signed)
  } else if (record.kind === 'accept') {
    await verifyAccept(crypto, acceptingParty(state, record.signed.record), place, record.signed, 0)
  }
}

async function verifyOffered(
  crypto: CryptoProvider,
  state: Agreement,
  record: Extract<DeviceRecord, { kind: 'offer' }>,
  known: readonly DeviceRecord[],
): Promise<Command> {
  const { deviceId } = legOf(state, record)
  const { leg, m, ttlEnvelopes, device: offering } = record.signed.record
  await verifyOffer(crypto, keysOf(state, record), record.signed)
  if (`0x${offering}` !== deviceId) {
    throw new Refusal('offer.device', `the offer names device ${offering}, which is not that of the leg`)
  }
  const nextKeys = nextKeysOf(record.signed, state, known)
  if (nextKeys === undefined) throw new Error('an offer is ready only when its next keys are known')
  return {
    type: 'offer',
    leg,
    offer: record.bytes,
    offerDigest: record.digest,
    m,
    ttlEnvelopes,
    nextKeys,
  }
}

async function verifyCutLeg(
  crypto: CryptoProvider,
  state: Agreement,
  record: Extract<DeviceRecord, { kind: 'cut' }>,
  known: readonly DeviceRecord[],
  utcMsBeforeCut: (cut: { leg: number; n: number }) => Promise<number>,
): Promise<Command> {
  const leg = legOf(state, record)
  await verifyCut(crypto, keysOf(state, record), record.signed)
  const { n, offerDigest, acceptDigest, head, root } = record.signed.record
  const digests = {
    offerDigest: toHex(offerDigest),
    acceptDigest: toHex(acceptDigest),
    head: toHex(head),
    root: toHex(root),
  }
  const command = {
    type: 'cut' as const,
    record: { leg: record.leg, n, ...digests },
    cut: record.bytes,
    cutDigest: record.digest,
  }
  if (leg.cut !== undefined) return command
  const recorded = leg.acceptances.find((given) => given.acceptDigest === digests.acceptDigest)
  const shown = attachedAccept(record.signed, known)
  const { delegation } = recorded ? decodeSignedAccept(fromHex(recorded.accept)) : (shown?.signed ?? {})
  if (delegation) checkNotExpired(delegation.record, await utcMsBeforeCut({ leg: record.leg, n }))
  if (recorded || shown === undefined) return command
  return { ...command, attached: { record: shown.signed.record, accept: shown.bytes } }
}

/** The keys that the terms name, which must be those of the device id they name. */
function deviceKeys(terms: Terms): PublicKeys {
  const clause = device(terms)
  const keys = namedKeys(clause)
  if (`0x${deviceId(keys)}` !== clause.deviceId) {
    throw new Refusal('device.id', `the device keys of the terms are not those of device ${clause.deviceId}`)
  }
  return keys
}

function termsOf(state: Agreement): Terms {
  if (state.signed === undefined) throw new Error('a record is ready only when the terms are signed')
  return state.signed.terms
}

function keysOf(state: Agreement, record: DeviceRecord): PublicKeys {
  const { keys } = legOf(state, record)
  if (keys === undefined) throw new Error(`a ${record.kind} of a leg without a device is never ready`)
  return keys
}

function legOf(state: Agreement, record: DeviceRecord): Leg {
  const leg = state.legs[record.leg]
  if (leg === undefined) throw new Error(`a ${record.kind} is ready only when leg ${record.leg} has begun`)
  return leg
}
