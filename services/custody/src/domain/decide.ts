import { type Accept, type Cut, Refusal } from '@consign/envelope'
import type { Decider } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import { general, type PartySignature, payee, type Terms } from '@consign/terms'
import { acceptingParty, answer } from './acceptance.ts'
import {
  type Acceptance,
  type Agreement,
  type CustodyFact,
  evolve,
  type Leg,
  payerOf,
  UNSIGNED,
} from './agreement.ts'
import { type FollowChain, followChain } from './chain-transfer.ts'
import { custodianUnchanged } from './custodian.ts'
import { type CutManually, cutManually } from './manual-cut.ts'
import { type RefuseTender, refuseTender } from './tender-refusal.ts'
import { unreachable } from './unreachable.ts'

/** What happened, its signatures already verified. Bytes of signed records are hex; a repeat of any of them leads to nothing. */
export type Command =
  | SignTerms
  | { type: 'pack'; keys: Hex; keysHash: Hex }
  | MakeOffer
  | { type: 'accept'; accept: Hex; acceptDigest: Hex; record: Accept; highestSeq: number | undefined }
  | CutLeg
  | CutManually
  | FollowChain
  | { type: 'seal'; leg: number; n: number; root: Hex; head: Hex; seal: Hex; sealDigest: Hex }
  | RefuseTender
  | { type: 'closeWindow'; dueMs: number; nowMs: number }

export type SignTerms = {
  type: 'sign'
  agreement: Hex
  terms: Terms
  termsHash: Hex
  payerSignature: PartySignature
  payeeSignature: PartySignature
}

export type MakeOffer = {
  type: 'offer'
  leg: number
  offer: Hex
  offerDigest: Hex
  m: number
  ttlEnvelopes: number
  nextKeys: Hex
}

/** `attached`: the acceptance that the device itself showed, for one that never came to us by request. */
export type CutLeg = {
  type: 'cut'
  record: Pick<Cut, 'leg' | 'n'> & { offerDigest: Hex; acceptDigest: Hex; head: Hex; root: Hex }
  cut: Hex
  cutDigest: Hex
  attached?: { record: Accept; accept: Hex }
}

export const custody: Decider<Command, CustodyFact, Agreement> = { initial: UNSIGNED, decide, evolve }

function decide(command: Command, state: Agreement): CustodyFact[] {
  switch (command.type) {
    case 'sign':
      return sign(command, state)
    case 'pack':
      return pack(command, state)
    case 'offer':
      return offer(command, state)
    case 'accept':
      return accept(command, state)
    case 'cut':
      return cut(command, state)
    case 'cutManually':
      return cutManually(command, state)
    case 'followChain':
      return followChain(command, state)
    case 'seal':
      return seal(command, state)
    case 'refuseTender':
      return refuseTender(command, state)
    case 'closeWindow':
      return closeWindow(command, state)
    default:
      return unreachable(command)
  }
}

// The address of an agreement binds terms and signers: what is signed already is signed for these very terms.
function sign(command: SignTerms, state: Agreement): CustodyFact[] {
  if (state.signed !== undefined) return []
  const { agreement, terms, termsHash, payerSignature, payeeSignature } = command
  const { shipment } = general(terms)
  const data = { agreement, shipment, terms, termsHash, payerSignature, payeeSignature }
  return [{ type: 'custody.agreement.signed.v1', data }]
}

function pack({ keys, keysHash }: Extract<Command, { type: 'pack' }>, state: Agreement): CustodyFact[] {
  const place = placeOf(state)
  if (state.legs.length > 0) return []
  const custodian = payee(signedOf(state).terms).wallet
  return [{ type: 'custody.packed.v1', data: { ...place, leg: 0, custodian, keys, keysHash } }]
}

function offer(command: MakeOffer, state: Agreement): CustodyFact[] {
  const { type: _, ...made } = command
  const leg = legOf(state, command.leg)
  const known = leg.offers.some(({ offerDigest }) => offerDigest === command.offerDigest)
  if (known || leg.cut !== undefined || state.delivered) return []
  return [{ type: 'custody.offered.v1', data: { ...placeOf(state), ...made } }]
}

function accept(command: Extract<Command, { type: 'accept' }>, state: Agreement): CustodyFact[] {
  const { record, acceptDigest } = command
  const { leg } = answer(state, record, acceptDigest, () => command.highestSeq)
  if (acceptanceOf(legOf(state, leg), acceptDigest) !== undefined) return []
  return [accepted(state, leg, command)]
}

function cut(command: CutLeg, state: Agreement): CustodyFact[] {
  const { record, cutDigest } = command
  const leg = legOf(state, record.leg)
  if (leg.cut !== undefined) return leg.cut.cutDigest === cutDigest ? [] : tampered(command, leg, state)
  const offered = leg.offers.find(({ offerDigest }) => offerDigest === record.offerDigest)
  if (offered === undefined) {
    throw new Refusal(
      'cut.offer',
      `leg ${record.leg} has no offer ${record.offerDigest} that this cut could answer`,
    )
  }
  if (record.n < offered.m || record.n > offered.m + offered.ttlEnvelopes) {
    throw new Refusal(
      'cut.expired',
      `the cut at envelope ${record.n} is outside its offer, ${offered.m} to ${offered.m + offered.ttlEnvelopes}`,
    )
  }
  const known = acceptanceOf(leg, record.acceptDigest)
  const given = known ?? attachedAcceptance(command, state)
  if (given.offerDigest !== record.offerDigest) {
    throw new Refusal('cut.accept', `the acceptance of this cut answers another offer, ${given.offerDigest}`)
  }
  const { offer, nextKeys, nextKeysHash } = offered
  const place = { ...placeOf(state), leg: record.leg }
  const { n, head, root } = record
  const moved = {
    n,
    head,
    root,
    cut: command.cut,
    cutDigest,
    accept: given.accept,
    offer,
    nextKeys,
    nextKeysHash,
  }
  const to = given.party
  if (to === leg.custodian) throw custodianUnchanged('cut', to)
  const facts: CustodyFact[] = known === undefined ? [accepted(state, record.leg, given)] : []
  facts.push({ type: 'custody.transferred.v1', data: { ...place, ...moved, from: leg.custodian, to } })
  const delivers = to === payerOf(signedOf(state).terms) && !state.delivered
  if (delivers) facts.push({ type: 'custody.delivered.v1', data: { ...place, to } })
  return facts
}

function attachedAcceptance({ attached, record }: CutLeg, state: Agreement): Acceptance {
  if (attached === undefined) {
    throw new Refusal(
      'cut.accept',
      `no acceptance ${record.acceptDigest} is known for the cut of leg ${record.leg}`,
    )
  }
  const { wallet } = acceptingParty(state, attached.record)
  const { acceptDigest } = record
  return { acceptDigest, offerDigest: attached.record.offerDigest, party: wallet, accept: attached.accept }
}

// One contradiction proves the device unsound for this leg; more of them add nothing.
function tampered({ record, cut }: CutLeg, leg: Leg, state: Agreement): CustodyFact[] {
  // After a manual cut the device's own comes too late: it contradicts the custodians, not the device.
  if (leg.tampered || leg.cut?.cut === undefined) return []
  const reason = `the device signed two different cuts of leg ${record.leg}`
  const evidence = [leg.cut.cut, cut]
  return [{ type: 'custody.tampered.v1', data: { ...placeOf(state), leg: record.leg, evidence, reason } }]
}

function seal(command: Extract<Command, { type: 'seal' }>, state: Agreement): CustodyFact[] {
  const { type: _, sealDigest, ...made } = command
  if (legOf(state, command.leg).sealDigests.includes(sealDigest)) return []
  return [{ type: 'custody.sealed.v1', data: { ...placeOf(state), ...made } }]
}

// Until then, envelopes that are still under way may come.
function closeWindow(
  { dueMs, nowMs }: Extract<Command, { type: 'closeWindow' }>,
  state: Agreement,
): CustodyFact[] {
  if (state.windowClosed) return []
  if (!state.delivered) {
    throw new Refusal('window.undelivered', 'the goods are not delivered: no dispute window has begun')
  }
  if (nowMs < dueMs) {
    throw new Refusal('window.open', `the dispute window is open for ${dueMs - nowMs} ms more`, {
      retry: true,
    })
  }
  return [{ type: 'custody.window.closed.v1', data: { ...placeOf(state), dueMs } }]
}

function accepted(
  state: Agreement,
  leg: number,
  given: { accept: Hex; acceptDigest: Hex } & ({ record: Accept } | { offerDigest: Hex; party: Hex }),
): CustodyFact {
  const { accept, acceptDigest } = given
  const { offerDigest, party } = 'record' in given ? given.record : given
  const data = { ...placeOf(state), leg, party, accept, acceptDigest, offerDigest }
  return { type: 'custody.accepted.v1', data }
}

function signedOf(state: Agreement): NonNullable<Agreement['signed']> {
  if (state.signed !== undefined) return state.signed
  throw new Refusal('agreement.unknown', 'no terms are signed for this agreement; submit them first')
}

function placeOf(state: Agreement): { agreement: Hex; shipment: string } {
  const { agreement, shipment } = signedOf(state)
  return { agreement, shipment }
}

function legOf(state: Agreement, number: number): Leg {
  const leg = state.legs[number]
  if (leg !== undefined) return leg
  throw new Refusal('leg.unknown', `leg ${number} has not begun; its keys or the cut before it are missing`)
}

const acceptanceOf = (leg: Leg, acceptDigest: Hex): Acceptance | undefined =>
  leg.acceptances.find((given) => given.acceptDigest === acceptDigest)
