/** Agreements whose goods never came: by their terms they count as lost, and the contract is closed without delivery. Pure. */
import { closeUndeliveredArguments, encodeAgreementCall, type Intent } from '@consign/chain'
import { deadline } from '@consign/terms'
import type { Hex } from 'viem'
import { type Agreement, termsOf } from './agreements.ts'

/** Whether the goods count as lost since `graceMs` before `nowMs`, as the chain counts, and nobody has told of a delivery. */
export function isLost(
  { terms, isDelivered }: Agreement,
  { nowMs, graceMs }: { nowMs: number; graceMs: number },
) {
  return terms !== undefined && isDelivered !== true && deadline(terms).lostAfterMs + graceMs <= nowMs
}

/** The leg that is under way by the log: the loss is its custodian's. */
export function legUnderWay({ ends }: Agreement): number {
  return ends.size === 0 ? 0 : Math.max(...ends.keys()) + 1
}

/** A leg is lost once; one that turned out to have ended leaves the next. */
export function closingKey(agreement: Hex, known: Agreement): string {
  return `close:${agreement}:${legUnderWay(known)}`
}

/** Ends the agreement. */
export function closingCall(agreement: Hex, known: Agreement): Intent {
  const args = closeUndeliveredArguments({ terms: termsOf(known), leg: legUnderWay(known) })
  const data = encodeAgreementCall({ functionName: 'closeUndelivered', args })
  return { key: closingKey(agreement, known), agreement, to: agreement, data, what: 'close without delivery' }
}
