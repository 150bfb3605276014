/** Takes a planned shipment to its end on chain. Safe to repeat from the start at any point. */
import type { Logger } from '@consign/runtime'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { concludeOnChain } from './concluding.ts'
import { type Conclusion, isPayable, isUnpaid, type Settlement } from './domain/settlement.ts'
import { provenPlanOf, type Shipment } from './domain/shipment.ts'
import { Waiting } from './domain/waiting.ts'
import type { Known } from './ledger.ts'
import { LAPSED_STEP } from './steps.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

export type SettlingOptions = StreamOptions & { chain: AgreementChain; logger: Logger }

/**
 * Resolves when it is concluded. Throws Waiting, or a Refusal with retry, while something is to come: call again later. What the chain can be asked
 * for does not wait for payments.
 */
export async function concludeShipment(shipment: Known, options: SettlingOptions): Promise<void> {
  const { chain, logger } = options
  const { agreement } = shipment
  const stream = new SettlementStream(agreement, options)
  const { conclusion, shown } = await concludeOnChain(shipment, await stream.state(), {
    chain,
    onClaimed: ({ paymentId }, txHash) =>
      stream.decide({ type: 'recordPaid', paymentId, evidence: { txHash } }, 'settlement.paid'),
    onOwnClaim: (wallet, amount, txHash) =>
      stream.decide({ type: 'recordClaim', wallet, amount, txHash }, 'settlement.paid'),
    onLapsed: ({ paymentId }, reason) => stream.decide({ type: 'lapse', paymentId, reason }, LAPSED_STEP),
    onOtherAmount: ({ party, amount }, paid) =>
      logger.error(
        { agreement },
        `the guarantee of ${party} has paid ${paid}, not the ${amount} that were left to it`,
      ),
    onRefused: ({ message }) => logger.warn({ agreement }, message),
  })
  const state = await stream.state()
  if (isPayable(state))
    throw new Waiting('payment', 'all is settled on chain, and payments are still to be made')
  if (!isUnpaid(state)) await stream.decide({ type: 'close' }, 'settlement.settled')
  await stream.decide({ type: 'conclude', conclusion, shown }, 'settlement.concluded')
  if (!conclusion.asPlanned) tellDifference(shipment, conclusion, { byChain: state.byChain, logger })
}

function tellDifference(
  shipment: Shipment,
  { dues, refund }: Conclusion,
  { byChain, logger }: { byChain: Settlement['byChain']; logger: Logger },
): void {
  const { payouts, awards, refund: refundPlanned } = provenPlanOf(shipment, byChain)
  logger.error(
    {
      agreement: shipment.agreement,
      onChain: { dues, refund },
      planned: { payouts, awards, refund: refundPlanned },
    },
    'the chain has fixed other dues than the plan: a case that was charged here is not proven there, or the other way round, and it was not known yet',
  )
}
