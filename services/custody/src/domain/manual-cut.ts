import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import { type ManualCut, NO_NEXT_KEYS, type PartyClause, partyByWallet } from '@consign/terms'
import { type Agreement, type CustodyFact, payerOf, type Replacement } from './agreement.ts'
import { custodianUnchanged } from './custodian.ts'

/** Both custodians signed it, and `replacement` its `nextKeysHash`. */
export type CutManually = {
  type: 'cutManually'
  record: ManualCut
  cutDigest: Hex
  fromSignature: { ecdsa: Hex; mlDsa: Hex }
  toSignature: { ecdsa: Hex; mlDsa: Hex }
  replacement: Replacement | undefined
  highestSeq: number | undefined
}

/** Who hands over, who takes; `isRecorded`: this very cut is told already. */
export type Handing = { from: PartyClause; to: PartyClause; isRecorded: boolean }

/**
 * Checks what a manual cut says (P13), not its signatures or amounts. `highestSeq`: last envelope of the leg that is stored, undefined when none is. What the
 * device has told stands, so a leg has at least as many envelopes as are stored: two custodians cannot take a breach back from the payer by saying that
 * the leg ended before it. One that names more admits that its end is missing. A cut that is recorded passes whatever else is known now.
 * Throws Refusal `agreement.unknown`, `leg.unknown`, `manualCut.termsHash`, `.party`, `.custodian`, `.ended`, `.envelopes`, `.nextKeys`.
 */
export function handing(
  state: Agreement,
  record: ManualCut,
  cutDigest: Hex,
  highestSeq: number | undefined,
): Handing {
  const { signed } = state
  if (signed === undefined) {
    throw new Refusal('agreement.unknown', 'no terms are signed for this agreement; submit them first')
  }
  const leg = state.legs[record.leg]
  if (leg === undefined) {
    throw new Refusal(
      'leg.unknown',
      `leg ${record.leg} has not begun; its keys or the cut before it are missing`,
    )
  }
  if (record.termsHash !== signed.termsHash) {
    throw new Refusal('manualCut.termsHash', `the cut names other terms; sign ${signed.termsHash}`)
  }
  const [from, to] = [partyByWallet(signed.terms, leg.custodian), partyByWallet(signed.terms, record.to)]
  if (from === undefined || to === undefined) {
    throw new Refusal(
      'manualCut.party',
      `${record.to} is no party of the terms; only listed parties can take the goods`,
    )
  }
  if (leg.cut?.cutDigest === cutDigest) return { from, to, isRecorded: true }
  if (leg.cut !== undefined || from.wallet === payerOf(signed.terms)) {
    throw new Refusal('manualCut.ended', `leg ${record.leg} has ended; the first cut of a leg counts`)
  }
  if (to.wallet === from.wallet) throw custodianUnchanged('manualCut', to.wallet)
  if (highestSeq !== undefined && record.n <= highestSeq) {
    throw new Refusal(
      'manualCut.envelopes',
      `envelope ${highestSeq} of leg ${record.leg} is stored, so that it has at least ${highestSeq + 1} envelopes; sign that number`,
    )
  }
  if (/^0x0*$/.test(record.nextKeysHash)) {
    throw new Refusal(
      'manualCut.nextKeys',
      `the digest of the next keys is 0; without a device sign ${NO_NEXT_KEYS}`,
    )
  }
  return { from, to, isRecorded: false }
}

export function cutManually(command: CutManually, state: Agreement): CustodyFact[] {
  const { record, cutDigest, fromSignature, toSignature, replacement } = command
  const { from, to, isRecorded } = handing(state, record, cutDigest, command.highestSeq)
  if (state.signed === undefined || (isRecorded && !bringsDevice(command, state))) return []
  const { agreement, shipment, terms } = state.signed
  const place = { agreement, shipment, leg: record.leg }
  const said = {
    n: record.n,
    timeMs: Number(record.timeMs),
    amount: String(record.amount),
    penaltyMax: String(record.penaltyMax),
    reasonsHash: record.reasonsHash,
    nextKeysHash: record.nextKeysHash,
  }
  const signatures = { cutDigest, fromSignature, toSignature }
  const next = replacement === undefined ? {} : { replacement }
  const facts: CustodyFact[] = [
    {
      type: 'custody.transferred.manually.v1',
      data: { ...place, from: from.wallet, to: to.wallet, ...said, ...signatures, ...next },
    },
  ]
  const delivers = to.wallet === payerOf(terms) && !state.delivered && !isRecorded
  if (delivers) facts.push({ type: 'custody.delivered.v1', data: { ...place, to: to.wallet } })
  return facts
}

// The chain told of this cut, and so not of the device that goes on.
function bringsDevice({ record, replacement }: CutManually, { legs }: Agreement): boolean {
  return replacement !== undefined && legs[record.leg + 1]?.awaitedKeysHash === record.nextKeysHash
}
