import { discloseClause, type ManualCut, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { takerOf } from './cut.ts'

/** Arguments of `recordManualCut`: what both custodians signed (EIP-712). Throws when the terms do not list the taker. */
export function manualCutArguments(evidence: {
  terms: Terms
  cut: ManualCut
  fromSignature: Hex
  toSignature: Hex
}): AgreementArguments<'recordManualCut'> {
  const { terms, cut, fromSignature, toSignature } = evidence
  const { leg, termsHash: _, ...signed } = cut
  return [leg, signed, fromSignature, toSignature, discloseClause(terms, takerOf(terms, cut.to))]
}
