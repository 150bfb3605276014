import { discloseClause, type Terms, windows } from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'

/** Arguments of `contest`. The bond is what `contestBondWei(windows.contestBondWei)` of the agreement says; a little more stands a rising base fee. */
export function contestArguments({
  terms,
  caseId,
}: {
  terms: Terms
  caseId: Hex
}): AgreementArguments<'contest'> {
  return [caseId, discloseClause(terms, windows(terms))]
}
