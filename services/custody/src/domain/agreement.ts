import {
  decodeSignedLegKeys,
  decodeSignedSeal,
  fromHex,
  legKeysDigest,
  type PublicKeys,
  sealDigest,
  toHex,
} from '@consign/envelope'
import type { EventData, FactOf, Hex } from '@consign/events'
import { device, NO_NEXT_KEYS, payer, type Terms } from '@consign/terms'
import { unreachable } from './unreachable.ts'

/** Everything that this service appends, all of it on `custody.<agreement>`. */
export type CustodyFact = FactOf<
  | 'custody.agreement.signed.v1'
  | 'custody.packed.v1'
  | 'custody.offered.v1'
  | 'custody.accepted.v1'
  | 'custody.transferred.v1'
  | 'custody.transferred.manually.v1'
  | 'custody.transferred.onchain.v1'
  | 'custody.sealed.v1'
  | 'custody.delivered.v1'
  | 'custody.tender.refused.v1'
  | 'custody.window.closed.v1'
  | 'custody.tampered.v1'
>

/** `m`: next free seq when it was made; it expires at seq m + ttlEnvelopes. `offer`, `nextKeys`: signed bytes. */
export type Offer = {
  offerDigest: Hex
  m: number
  ttlEnvelopes: number
  offer: Hex
  nextKeys: Hex
  nextKeysHash: Hex
}

/** `accept`: signed bytes. */
export type Acceptance = { acceptDigest: Hex; offerDigest: Hex; party: Hex; accept: Hex }

/** What goes with the goods after a manual cut; `nextKeys`: signed bytes of the keys of the next leg, by this device. */
export type Replacement = NonNullable<EventData<'custody.transferred.manually.v1'>['replacement']>

/**
 * `deviceId`, `keys`: undefined when the goods go unmeasured, or with a device that is named by `awaitedKeysHash` alone: who cut on chain has not shown it.
 * `cut.cut`: what the device signed, undefined for a cut without it.
 */
export type Leg = {
  custodian: Hex
  awaitedKeysHash?: Hex
  deviceId: Hex | undefined
  keys: PublicKeys | undefined
  offers: readonly Offer[]
  acceptances: readonly Acceptance[]
  sealDigests: readonly Hex[]
  cut: { cutDigest: Hex; cut: Hex | undefined } | undefined
  tampered: boolean
  /** Of the payer's refusal of its tender. */
  refusalDigest: Hex | undefined
}

/** One agreement as its events tell it. Legs in order; the last one is under way unless the goods are delivered. */
export type Agreement = {
  signed: { agreement: Hex; shipment: string; terms: Terms; termsHash: Hex } | undefined
  legs: readonly Leg[]
  delivered: boolean
  windowClosed: boolean
}

export const UNSIGNED: Agreement = { signed: undefined, legs: [], delivered: false, windowClosed: false }

export function evolve(state: Agreement, event: CustodyFact): Agreement {
  switch (event.type) {
    case 'custody.agreement.signed.v1': {
      const { agreement, shipment, terms, termsHash } = event.data
      return { ...state, signed: { agreement, shipment, terms, termsHash } }
    }
    case 'custody.packed.v1':
      return { ...state, legs: [beginLeg(event.data.custodian, deviceOfTerms(state), event.data.keys)] }
    case 'custody.offered.v1': {
      const { leg, offerDigest, m, ttlEnvelopes, offer, nextKeys } = event.data
      const nextKeysHash = keysHashOf(nextKeys)
      const made = { offerDigest, m, ttlEnvelopes, offer, nextKeys, nextKeysHash }
      return changeLeg(state, leg, (known) => ({ ...known, offers: [...known.offers, made] }))
    }
    case 'custody.accepted.v1': {
      const { leg, acceptDigest, offerDigest, party, accept } = event.data
      const given = { acceptDigest, offerDigest, party, accept }
      return changeLeg(state, leg, (known) => ({ ...known, acceptances: [...known.acceptances, given] }))
    }
    case 'custody.transferred.v1': {
      const { leg, cut, cutDigest, to, nextKeys } = event.data
      const ended = changeLeg(state, leg, (known) => ({ ...known, cut: { cut, cutDigest } }))
      return { ...ended, legs: [...ended.legs, beginLeg(to, state.legs[leg]?.deviceId, nextKeys)] }
    }
    case 'custody.transferred.manually.v1': {
      const { leg, cutDigest, to, replacement } = event.data
      if (state.legs[leg]?.cut?.cutDigest === cutDigest) return replaceDevice(state, leg + 1, replacement)
      const ended = changeLeg(state, leg, (known) => ({ ...known, cut: { cut: undefined, cutDigest } }))
      const next = beginLeg(to, replacement?.device.deviceId, replacement?.nextKeys)
      return { ...ended, legs: [...ended.legs, next] }
    }
    case 'custody.transferred.onchain.v1': {
      const { leg, cutDigest, to, nextKeysHash } = event.data
      const ended = changeLeg(state, leg, (known) => ({ ...known, cut: { cut: undefined, cutDigest } }))
      const isAwaited = nextKeysHash !== undefined && nextKeysHash !== NO_NEXT_KEYS
      const awaited = isAwaited ? { awaitedKeysHash: nextKeysHash } : {}
      return { ...ended, legs: [...ended.legs, { ...beginLeg(to, undefined, undefined), ...awaited }] }
    }
    case 'custody.sealed.v1': {
      const digest = toHex(sealDigest(decodeSignedSeal(fromHex(event.data.seal)).record))
      return changeLeg(state, event.data.leg, (known) => ({
        ...known,
        sealDigests: [...known.sealDigests, digest],
      }))
    }
    case 'custody.delivered.v1':
      return { ...state, delivered: true }
    case 'custody.tender.refused.v1': {
      const { leg, refusalDigest } = event.data
      return changeLeg(state, leg, (known) => ({ ...known, refusalDigest }))
    }
    case 'custody.window.closed.v1':
      return { ...state, windowClosed: true }
    case 'custody.tampered.v1':
      return changeLeg(state, event.data.leg, (known) => ({ ...known, tampered: true }))
    default:
      return unreachable(event)
  }
}

/** The payer's wallet, lower case; the goods are delivered when it takes them. */
export const payerOf = (terms: Terms): Hex => payer(terms).wallet

function deviceOfTerms({ signed }: Agreement): Hex | undefined {
  return signed && device(signed.terms).deviceId
}

function beginLeg(custodian: Hex, deviceId: Hex | undefined, signedKeys: Hex | undefined): Leg {
  return {
    custodian,
    deviceId,
    keys: signedKeys === undefined ? undefined : keysOf(signedKeys),
    offers: [],
    acceptances: [],
    sealDigests: [],
    cut: undefined,
    tampered: false,
    refusalDigest: undefined,
  }
}

// Both custodians signed for its keys, and the chain told of their cut before anybody showed the device.
function replaceDevice(state: Agreement, leg: number, replacement: Replacement | undefined): Agreement {
  if (replacement === undefined) return state
  const { deviceId } = replacement.device
  const keys = keysOf(replacement.nextKeys)
  return changeLeg(state, leg, ({ awaitedKeysHash: _, ...known }) => ({ ...known, deviceId, keys }))
}

function keysOf(signedKeys: Hex): PublicKeys {
  const { record, mlDsaKey } = decodeSignedLegKeys(fromHex(signedKeys))
  return { p256: record.keys.subarray(0, 64), mlDsa: mlDsaKey, slhDsa: record.keys.subarray(96, 128) }
}

function changeLeg(state: Agreement, number: number, change: (leg: Leg) => Leg): Agreement {
  return { ...state, legs: state.legs.map((leg, index) => (index === number ? change(leg) : leg)) }
}

function keysHashOf(signedKeys: Hex): Hex {
  return toHex(legKeysDigest(decodeSignedLegKeys(fromHex(signedKeys)).record))
}
