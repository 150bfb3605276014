/**
 * Pays one wallet of a planned shipment off chain, slice by slice, each once it has acknowledged those before. What a channel refuses for too long
 * goes another way. Safe to repeat from the start at any point; one at a time for a wallet.
 */
import { Refusal } from '@consign/envelope'
import { general, guaranteeOf, partyByWallet } from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import type { PaymentChannel, PaymentOrder, PaymentOutcome } from './adapters/payment-channel.ts'
import { VIA_ONCHAIN } from './domain/payment-id.ts'
import { isExcess, isOpen } from './domain/payments.ts'
import { isUnpaid, type Payment, type Settlement } from './domain/settlement.ts'
import { isClaim, restOf } from './domain/slices.ts'
import { Waiting } from './domain/waiting.ts'
import type { Known } from './ledger.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

export type PayingOptions = StreamOptions & {
  chain: AgreementChain
  /** that payments go through unless they are diverted */
  channel: PaymentChannel
  /** by transfer from the wallet; the same one where nothing else is used */
  onchain: PaymentChannel
  /** ms that a payment may be refused by its channel before it is diverted */
  patienceMs: number
  /** told of what is made or diverted */
  onPaid: (payment: Payment) => void
  /** told of every answer that is not `paid` */
  onUnpaid: (payment: Payment, outcome: Exclude<PaymentOutcome, { status: 'paid' }>) => void
}

/** Resolves when the wallet has got all that it gets off chain. Throws Waiting, or a Refusal with retry, while something is to come. */
export async function payWallet(shipment: Known, wallet: Hex, options: PayingOptions): Promise<void> {
  const stream = new SettlementStream(shipment.agreement, options)
  for (;;) {
    await recordOwnClaim(shipment.agreement, wallet, stream, options.chain)
    await stream.decide({ type: 'intend', via: options.channel.via }, 'settlement.intended')
    const state = await stream.state()
    const open = state.payments.find((one) => one.wallet === wallet && !isClaim(one) && isOpen(one))
    if (open !== undefined && isExcess(state, wallet)) await endExcess(shipment, open, stream, options)
    else if (open !== undefined) await payOne(shipment, open, stream, options)
    else if (restOf(state, wallet) > 0n) throw unacknowledged(shipment, wallet, state)
    else return await closeIfPaid(stream, state)
  }
}

async function payOne(
  shipment: Known,
  payment: Payment,
  stream: SettlementStream,
  options: PayingOptions,
): Promise<void> {
  const { amount, via, party } = payment
  const outcome = await channelOf(via, options).pay(orderOf(shipment, payment))
  if (outcome.status === 'paid') return await recordPaid(payment, outcome, stream, options)
  options.onUnpaid(payment, outcome)
  const reason = `payment of ${amount} to ${party}: ${outcome.reason}`
  if (outcome.status === 'unknown' || via === VIA_ONCHAIN) throw new Waiting('payment', reason)
  const untilMs = await divert(shipment, payment, outcome, stream, options)
  if (untilMs !== undefined) throw new Waiting('payment', reason, untilMs)
}

// The wallet has claimed its guarantee meanwhile, so that this would be too much: it is not begun any more, and waited for if it was.
async function endExcess(
  shipment: Known,
  payment: Payment,
  stream: SettlementStream,
  options: PayingOptions,
): Promise<void> {
  const { paymentId, amount, party } = payment
  const outcome = await channelOf(payment.via, options).lookup(orderOf(shipment, payment))
  if (outcome?.status === 'paid') return await recordPaid(payment, outcome, stream, options)
  if (outcome?.status === 'unknown')
    throw new Waiting('payment', `payment of ${amount} to ${party}: ${outcome.reason}`)
  const nowMs = options.now()
  if (outcome?.status === 'refused' && payment.via !== VIA_ONCHAIN) {
    const { code, reason } = outcome
    await stream.decide({ type: 'refuse', paymentId, code, reason, nowMs }, 'settlement.refused')
  }
  const command = { type: 'divert', paymentId, nowMs, patienceMs: 0, guarantee: 0n } as const
  await stream.decide(command, 'settlement.diverted')
  options.onPaid(payment)
}

async function recordPaid(
  payment: Payment,
  { status: _, ...evidence }: PaymentOutcome & { status: 'paid' },
  stream: SettlementStream,
  { onPaid }: PayingOptions,
): Promise<void> {
  await stream.decide({ type: 'recordPaid', paymentId: payment.paymentId, evidence }, 'settlement.paid')
  onPaid(payment)
}

// Guarantees can be claimed once the agreement is settled on chain: then it is looked before more is paid.
async function recordOwnClaim(
  agreement: Hex,
  wallet: Hex,
  stream: SettlementStream,
  chain: AgreementChain,
): Promise<void> {
  const { payments } = await stream.state()
  if (payments.some((one) => one.wallet === wallet && isClaim(one))) return
  if (!(await chain.exists(agreement)) || !(await chain.isSettled(agreement))) return
  const { claimed } = await chain.guaranteeUse(agreement, wallet)
  if (claimed === 0n) return
  const { txHash } = await chain.claimedBy(agreement, wallet)
  await stream.decide({ type: 'recordClaim', wallet, amount: claimed, txHash }, 'settlement.paid')
}

function orderOf({ agreement }: Known, { paymentId, wallet, amount }: Payment): PaymentOrder {
  return { agreement, paymentId: paymentId as Hex, to: wallet, amount: BigInt(amount) }
}

function channelOf(via: string, { channel, onchain }: PayingOptions): PaymentChannel {
  if (via === channel.via) return channel
  if (via === onchain.via) return onchain
  throw new Waiting(
    'payment',
    `a payment was intended by ${via}, which is not configured: configure it again`,
  )
}

// It takes another way from now on, or from when this says: only by what the log says of how long it is refused.
async function divert(
  { terms }: Known,
  payment: Payment,
  { code, reason }: { code: string; reason: string },
  stream: SettlementStream,
  { now, patienceMs, onPaid }: PayingOptions,
): Promise<number | undefined> {
  const { paymentId, wallet } = payment
  const nowMs = now()
  await stream.decide({ type: 'refuse', paymentId, code, reason, nowMs }, 'settlement.refused')
  const { guaranteed, payments } = await stream.state()
  const agreed = BigInt(partyByWallet(terms, wallet)?.amount ?? 0)
  const planned = BigInt(guaranteed.find((one) => one.wallet === wallet)?.amount ?? 0)
  const guarantee = guaranteeOf(agreed, general(terms).guaranteeBps) - planned
  try {
    const command = { type: 'divert', paymentId, nowMs, patienceMs, guarantee } as const
    await stream.decide(command, 'settlement.diverted')
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'settlement.patience') throw error
    const refusal = payments.find((one) => one.paymentId === paymentId)?.refusal
    return (refusal?.sinceMs ?? nowMs) + patienceMs
  }
  onPaid(payment)
  return undefined
}

function unacknowledged({ terms }: Known, wallet: Hex, state: Settlement): Waiting {
  const name = partyByWallet(terms, wallet)?.name ?? wallet
  const said = state.acknowledged.get(wallet)?.cumulative ?? '0'
  return new Waiting('acknowledgement', `${name} has acknowledged ${said}: its next slice waits for the rest`)
}

async function closeIfPaid(stream: SettlementStream, state: Settlement): Promise<void> {
  if (!isUnpaid(state)) await stream.decide({ type: 'close' }, 'settlement.settled')
}
