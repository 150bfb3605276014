import {
  decodeSignedLegKeys,
  decodeSignedSeal,
  fromHex,
  legKeysDigest,
  type PublicKeys,
  sealDigest,
  toHex,
} from '@consign/envelope'
import type { FactOf, Hex } from '@consign/events'
import { payer, type Terms } from '@consign/terms'
import { unreachable } from './unreachable.ts'

/** Everything that this service appends, all of it on `custody.<agreement>`. */
export type CustodyFact = FactOf<
  | 'custody.agreement.signed.v1'
  | 'custody.packed.v1'
  | 'custody.offered.v1'
  | 'custody.accepted.v1'
  | 'custody.transferred.v1'
  | 'custody.sealed.v1'
  | 'custody.delivered.v1'
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

export type Leg = {
  custodian: Hex
  keys: PublicKeys
  keysHash: Hex
  offers: readonly Offer[]
  acceptances: readonly Acceptance[]
  sealDigests: readonly Hex[]
  cut: { cutDigest: Hex; cut: Hex } | undefined
  tampered: boolean
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
      return { ...state, legs: [beginLeg(event.data.custodian, event.data.keys, event.data.keysHash)] }
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
      const { leg, cut, cutDigest, to, nextKeys, nextKeysHash } = event.data
      const ended = changeLeg(state, leg, (known) => ({ ...known, cut: { cut, cutDigest } }))
      return { ...ended, legs: [...ended.legs, beginLeg(to, nextKeys, nextKeysHash)] }
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

function beginLeg(custodian: Hex, signedKeys: Hex, keysHash: Hex): Leg {
  const { record, mlDsaKey } = decodeSignedLegKeys(fromHex(signedKeys))
  const keys = { p256: record.keys.subarray(0, 64), mlDsa: mlDsaKey, slhDsa: record.keys.subarray(96, 128) }
  return {
    custodian,
    keys,
    keysHash,
    offers: [],
    acceptances: [],
    sealDigests: [],
    cut: undefined,
    tampered: false,
  }
}

function changeLeg(state: Agreement, number: number, change: (leg: Leg) => Leg): Agreement {
  return { ...state, legs: state.legs.map((leg, index) => (index === number ? change(leg) : leg)) }
}

function keysHashOf(signedKeys: Hex): Hex {
  return toHex(legKeysDigest(decodeSignedLegKeys(fromHex(signedKeys)).record))
}
