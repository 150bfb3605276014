/** Custody that the chain moved by what nobody had shown here. Pure. */
import { Refusal } from '@consign/envelope'
import type { EventData, Hex } from '@consign/events'
import { type Agreement, type CustodyFact, payerOf } from './agreement.ts'

type Moved = EventData<'chain.custody.moved.v1'>

/** The chain holds it for good. */
export type FollowChain = { type: 'followChain'; moved: Moved }

/** Of a tender that the payer let pass: there is no cut. */
const NO_CUT: Hex = `0x${'00'.repeat(32)}`

/**
 * Whether what the chain says is news here: `waits` for the beginning of the leg, `done`, or `ready`. A cut of the device is no news: the device keeps
 * it until it is stored here, with the keys of the leg that it begins, which the chain does not know. So is a cut that its transaction does not show.
 */
export function standing({ leg, cutDigest, manualCut }: Moved, state: Agreement): 'waits' | 'done' | 'ready' {
  if (manualCut === undefined && cutDigest !== NO_CUT) return 'done'
  const ending = state.legs[leg]
  if (ending === undefined) return 'waits'
  return ending.cut?.cutDigest === cutDigest ? 'done' : 'ready'
}

/**
 * The chain decides who is charged, so what it says counts: also a manual cut at fewer envelopes than are stored. Nothing follows while its leg has not
 * begun here. Throws Refusal 'chainTransfer.ended' when the leg has ended here in another way.
 */
export function followChain({ moved }: FollowChain, state: Agreement): CustodyFact[] {
  const ending = state.legs[moved.leg]
  if (state.signed === undefined || ending === undefined || standing(moved, state) !== 'ready') return []
  const { agreement, shipment, terms } = state.signed
  const { leg, n, to, cutDigest, manualCut, txHash } = moved
  if (ending.cut !== undefined) {
    // The payer took the goods by the device's cut, too: nothing differs but the way.
    if (state.legs[leg + 1]?.custodian === to) return []
    throw new Refusal(
      'chainTransfer.ended',
      `the chain holds another end of leg ${leg} of ${agreement} (${cutDigest}, to ${to}, in ${txHash}) than was told here: what was told stands, and the dues on chain will differ`,
    )
  }
  const place = { agreement, shipment, leg }
  const next = manualCut === undefined ? {} : { nextKeysHash: manualCut.nextKeysHash }
  const by = manualCut === undefined ? 'tender' : 'manualCut'
  const facts: CustodyFact[] = [
    {
      type: 'custody.transferred.onchain.v1',
      data: { ...place, n, from: ending.custodian, to, by, cutDigest, ...next, txHash },
    },
  ]
  if (to === payerOf(terms) && !state.delivered)
    facts.push({ type: 'custody.delivered.v1', data: { ...place, to } })
  return facts
}
