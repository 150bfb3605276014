/** Has the contract fix who is due what, once everything is proven that can be. Safe to repeat from the start at any point. */
import type { Terms } from '@consign/terms'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { settleCall } from './domain/calls.ts'
import type { Fixed } from './domain/fixed-plan.ts'
import { openProofs, type Shipment } from './domain/shipment.ts'
import { Waiting } from './domain/waiting.ts'

/** Resolves when it is final. Throws Waiting, or a Refusal with retry. */
export async function settleOnChain(
  shipment: Shipment & { terms: Terms },
  chain: AgreementChain,
): Promise<Fixed> {
  const { agreement } = shipment
  const before = await chain.fixed(agreement)
  if (before !== undefined) return before
  const isSettled = () => chain.isSettled(agreement)
  if (!(await isSettled())) await requireSettleable(shipment, chain)
  await chain.ensure(settleCall(shipment), isSettled)
  const fixed = await chain.fixed(agreement)
  if (fixed === undefined) throw new Waiting('finality', 'somebody has settled it, not final yet')
  return fixed
}

// After settlement nothing more can be proven: what the plan charges must be proven before, or cannot be.
async function requireSettleable(shipment: Shipment & { terms: Terms }, chain: AgreementChain) {
  const reverted = await chain.settleRevert(shipment)
  const from = reverted?.name === 'AgreementNotSettleable' ? Number(reverted.args[0]) * 1000 : undefined
  if (from === 0) throw new Waiting('delivery', 'settling waits for the delivery on chain')
  const open = openProofs(shipment)
  if (open.length > 0)
    throw new Waiting('proofs', `settling waits for chain-writer to prove ${open.join(', ')}`)
  if (from !== undefined)
    throw new Waiting('window', `it can be settled from ${new Date(from).toISOString()}`, from)
  if (reverted?.name === 'AgreementDisputesOpen')
    throw new Waiting('disputes', `settling waits for ${reverted.args[0]} open disputes: resolve them`)
}
