/**
 * Makes an agreement ready to start, as soon as its contract is there: reserves what it will cost, then pays in the guarantee. Safe to repeat from
 * the start at any point.
 */
import { general } from '@consign/terms'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { type AgreementOf, approveCall, fundCall } from './domain/calls.ts'
import { mayBeClosed } from './domain/shipment.ts'
import { Waiting } from './domain/waiting.ts'
import type { Known } from './ledger.ts'
import type { Reserving } from './reserving.ts'

/**
 * Resolves when it is reserved, and paid in for good, by whomever; with false when it was closed before it was. Throws Waiting, or a Refusal with
 * retry.
 */
export async function fundAgreement(
  shipment: Known,
  reserving: Reserving,
  { chain, now }: { chain: AgreementChain; now: () => number },
): Promise<boolean> {
  if (!(await chain.exists(shipment.agreement)))
    throw new Waiting('agreement', 'its guarantee waits for the contract, which chain-writer creates')
  if (mayBeClosed(shipment, now()) && (await chain.isClosedUndelivered(shipment.agreement))) return false
  await reserving.reserve(shipment)
  if (general(shipment.terms).guaranteeTotal !== '0') await payIn(shipment, chain)
  return true
}

async function payIn(of: AgreementOf, chain: AgreementChain): Promise<void> {
  const { agreement, terms } = of
  const { token, guaranteeTotal } = general(terms)
  const isFunded = () => chain.isFunded(agreement)
  await chain.ensure(approveCall(of), async () => {
    const allowance = await chain.allowance(token, agreement)
    return allowance >= BigInt(guaranteeTotal) || (await isFunded())
  })
  await chain.ensure(fundCall(of), isFunded)
}
