/** Fixes who gets what of a shipment that is due, and what of it guarantees pay. */
import { guaranteedOf } from './domain/guaranteed.ts'
import { byChainNow, dueAtMs, planOf, provenPlanOf } from './domain/shipment.ts'
import type { Known } from './ledger.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

export type PlanningOptions = StreamOptions & {
  /** ten-thousandths of what is paid off chain that are paid at once */
  sliceBps: number
}

/** Resolves when it is planned. The shipment must be due. */
export async function planShipment(shipment: Known, options: PlanningOptions): Promise<void> {
  const { agreement, terms } = shipment
  const due = dueAtMs(shipment)
  if (due === undefined) throw new Error(`the shipment of ${agreement} is not due: ask dueAtMs first`)
  const byChain = byChainNow(shipment)
  const plan = planOf(shipment, byChain)
  const guaranteed = guaranteedOf(terms, plan, provenPlanOf(shipment, byChain))
  const { sliceBps, now } = options
  const of = { agreement, shipment: shipment.shipment }
  const command = {
    type: 'plan',
    ...of,
    plan,
    guaranteed,
    byChain,
    sliceBps,
    dueAtMs: due,
    nowMs: now(),
  } as const
  await new SettlementStream(agreement, options).decide(command, 'settlement.planned')
}
