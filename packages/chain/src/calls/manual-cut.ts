import { discloseClause, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementArguments } from '../evidence.ts'
import { takerOf } from './cut.ts'

/** A handover without the device; `n`: envelopes of the leg that ends, `timeMs` UTC, amounts in the smallest unit. */
export type ManualCut = {
  n: number
  timeMs: number
  to: Hex
  nextKeysHash: Hex
  amount: bigint
  penaltyMax: bigint
  reasonsHash: Hex
}

/**
 * Arguments of `recordManualCut`: the leg that ends and what both custodians signed (EIP-712). Throws when the terms do not list the taker.
 */
export function manualCutArguments(evidence: {
  terms: Terms
  leg: number
  cut: ManualCut
  fromSignature: Hex
  toSignature: Hex
}): AgreementArguments<'recordManualCut'> {
  const { terms, leg, cut, fromSignature, toSignature } = evidence
  const taker = discloseClause(terms, takerOf(terms, cut.to))
  return [leg, { ...cut, timeMs: BigInt(cut.timeMs) }, fromSignature, toSignature, taker]
}
