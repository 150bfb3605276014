/** Pays in the guarantee of an agreement as soon as its contract is there, so that it can start. Safe to repeat from the start at any point. */
import { general } from '@consign/terms'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { type AgreementOf, approveCall, fundCall } from './domain/calls.ts'
import { Waiting } from './domain/waiting.ts'

/** Resolves when it is paid in for good, by whomever. Throws Waiting, or a Refusal with retry. */
export async function fundAgreement(of: AgreementOf, chain: AgreementChain): Promise<void> {
  const { agreement, terms } = of
  const { token, guaranteeTotal } = general(terms)
  if (!(await chain.exists(agreement)))
    throw new Waiting('agreement', 'its guarantee waits for the contract, which chain-writer creates')
  const isFunded = () => chain.isFunded(agreement)
  await chain.ensure(approveCall(of), async () => {
    const allowance = await chain.allowance(token, agreement)
    return allowance >= BigInt(guaranteeTotal) || (await isFunded())
  })
  await chain.ensure(fundCall(of), isFunded)
}
