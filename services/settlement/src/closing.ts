/**
 * Plans the end of an agreement whose goods never came, or never left, once somebody has closed it on chain. Nobody has assessed a delivery then: the
 * plan is what the contract fixes. Safe to repeat from the start at any point.
 */
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { fixedPlanOf } from './domain/fixed-plan.ts'
import { Waiting } from './domain/waiting.ts'
import { settleOnChain } from './fixing.ts'
import type { Known } from './ledger.ts'
import type { PlanningOptions } from './planning.ts'
import { SettlementStream } from './stream.ts'

/** Resolves when it is planned. The goods must count as lost. Throws Waiting, or a Refusal with retry. */
export async function planClosed(
  shipment: Known,
  options: PlanningOptions & { chain: AgreementChain },
): Promise<void> {
  const { agreement, terms } = shipment
  const { chain, sliceBps, now } = options
  if (!(await chain.exists(agreement)))
    throw new Waiting('agreement', 'its goods count as lost, and chain-writer has not created the contract')
  if (!(await chain.isClosedUndelivered(agreement)))
    throw new Waiting(
      'delivery',
      `the goods of shipment ${shipment.shipment} count as lost: if they never come, chain-writer closes it, or anybody by consign agreement close`,
    )
  const fixed = await settleOnChain(shipment, chain)
  const of = { agreement, shipment: shipment.shipment, plan: fixedPlanOf(terms, fixed) }
  const times = { dueAtMs: fixed.settledAtMs, nowMs: Math.max(now(), fixed.settledAtMs) }
  const command = { type: 'plan', ...of, guaranteed: [], undelivered: true, sliceBps, ...times } as const
  await new SettlementStream(agreement, options).decide(command, 'settlement.planned')
}
