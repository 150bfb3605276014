/**
 * The agreement's end on chain: acknowledgements shown, settled, guarantees claimed where the plan leaves a part to them, the rest got back. Safe
 * to repeat from the start at any point.
 */
import { Refusal } from '@consign/envelope'
import {
  general,
  guaranteeOf,
  type PartyClause,
  type PayoutPlan,
  parties,
  type Terms,
  windows,
} from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { type AgreementOf, acknowledgeCall, claimCall, releaseCall } from './domain/calls.ts'
import { dueOf, type Fixed } from './domain/fixed-plan.ts'
import { dueByWallet } from './domain/guaranteed.ts'
import { isOpen } from './domain/payments.ts'
import type { Conclusion, Payment, Settlement } from './domain/settlement.ts'
import { provenPlanOf, type Shipment } from './domain/shipment.ts'
import { isClaim, restOf } from './domain/slices.ts'
import { Waiting } from './domain/waiting.ts'
import { settleOnChain } from './fixing.ts'

export type ConcludingOptions = {
  chain: AgreementChain
  /** told when the contract has paid what the plan left to it, for good */
  onClaimed: (payment: Payment, txHash: Hex) => Promise<void>
  /** told when a party has had its guarantee paid out, for good, though no payment stands for that */
  onOwnClaim: (wallet: Hex, amount: bigint, txHash: Hex) => Promise<void>
  /** told when the contract has paid another amount than it was left */
  onOtherAmount: (payment: Payment, amount: bigint) => void
  /** told when the contract owes nothing of what the plan left to it, for good */
  onLapsed: (payment: Payment, reason: string) => Promise<void>
  /** told of what the contract refused, when that stops nothing */
  onRefused: (refusal: Refusal) => void
}

type Party = { of: AgreementOf; party: PartyClause; payment: Payment | undefined; fixed: Fixed }

/**
 * Resolves with what the chain fixed, and the acknowledgements that it was shown, when nothing is left to be done. Throws Waiting, or a
 * Refusal with retry.
 */
export async function concludeOnChain(
  shipment: Shipment & { terms: Terms },
  settlement: Settlement,
  options: ConcludingOptions,
): Promise<{ conclusion: Conclusion; shown: Settlement['acknowledged'] }> {
  const { chain } = options
  const of: AgreementOf = shipment
  if (!(await chain.exists(of.agreement)))
    throw new Waiting('agreement', 'settling waits for the contract, which chain-writer creates')
  // While slices are still to come, the sum will grow: the chain needs it only when guarantees can be claimed.
  const isComplete = ([wallet]: [Hex, unknown]) => restOf(settlement, wallet) <= 0n
  const complete = new Map([...settlement.acknowledged].filter(isComplete))
  await showAcknowledgements(of, complete, options)
  const fixed = await settleOnChain(shipment, chain)
  await showAcknowledgements(of, settlement.acknowledged, options)
  await closeGuarantees(of, fixed, settlement, options)
  await waitForSilent(of, fixed, settlement, chain)
  const plan = settlement.undelivered ? settlement.plan! : provenPlanOf(shipment, settlement.byChain)
  return { conclusion: await conclusionOf(of, plan, fixed, chain), shown: settlement.acknowledged }
}

// Who has not acknowledged a slice may still do so until the payment window ends, and gets the next one.
async function waitForSilent(
  { terms }: AgreementOf,
  { settledAtMs }: Fixed,
  settlement: Settlement,
  chain: AgreementChain,
): Promise<void> {
  const untilMs = settledAtMs + windows(terms).paymentMs
  const silent = parties(terms).find(({ wallet }) => restOf(settlement, wallet) > 0n)
  if (silent !== undefined && (await chain.nowMs()) < untilMs)
    throw new Waiting('acknowledgement', `${silent.name} has not acknowledged what it was paid`, untilMs)
}

// A wallet whose signature the contract does not take loses by it what it could have had acknowledged, and holds up nobody.
async function showAcknowledgements(
  { agreement }: AgreementOf,
  acknowledged: Settlement['acknowledged'],
  { chain, onRefused }: ConcludingOptions,
): Promise<void> {
  if (acknowledged.size === 0) return
  if (!(await chain.hasStarted(agreement)))
    throw new Waiting('delivery', 'acknowledgements wait for the start, which chain-writer records')
  const show = async (one: Parameters<typeof acknowledgeCall>[1]) => {
    const isShown = async () =>
      (await chain.guaranteeUse(agreement, one.party)).acknowledged >= BigInt(one.cumulative)
    try {
      await chain.ensure(acknowledgeCall(agreement, one), isShown)
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'settlement.refused') throw error
      onRefused(error)
    }
  }
  await Promise.all([...acknowledged.values()].map(show))
}

// All parties at once, so that none waits for another.
async function closeGuarantees(
  of: AgreementOf,
  fixed: Fixed,
  { payments }: Settlement,
  options: ConcludingOptions,
): Promise<void> {
  if (!(await options.chain.isFunded(of.agreement))) return
  const paid = parties(of.terms).filter(({ role }) => role !== 'payer')
  const problems = await Promise.all(
    paid.map(async (party) => {
      const payment = payments.find((one) => one.wallet === party.wallet && isClaim(one))
      try {
        await closeGuarantee({ of, party, payment, fixed }, options)
        return undefined
      } catch (error) {
        if (error instanceof Refusal) return error
        throw error
      }
    }),
  )
  const problem = problems.find((one) => one !== undefined)
  if (problem !== undefined) throw problem
}

async function closeGuarantee({ of, party, payment, fixed }: Party, options: ConcludingOptions) {
  const { chain, onOwnClaim } = options
  const { agreement, terms } = of
  const { wallet, name } = party
  const paymentEndsMs = fixed.settledAtMs + windows(terms).paymentMs
  const isPaymentOver = (await chain.nowMs()) >= paymentEndsMs
  if (payment !== undefined && isOpen(payment)) {
    if (!isPaymentOver)
      throw new Waiting('guarantee', `the guarantee of ${name} can be claimed later`, paymentEndsMs)
    await claimGuarantee({ of, party, payment, fixed }, options)
  }
  const { owed, free, acknowledged, claimed } = await guaranteeLeft(party, of, fixed, chain)
  if (payment === undefined && claimed > 0n)
    await onOwnClaim(wallet, claimed, (await chain.claimedBy(agreement, wallet)).txHash)
  if (owed > 0n && !isPaymentOver)
    throw new Waiting('acknowledgement', `${name} has not acknowledged ${owed}`, paymentEndsMs)
  const isReleased = async () => (await guaranteeLeft(party, of, fixed, chain)).free === 0n
  if (free > 0n) await chain.ensure(releaseCall(of, wallet, acknowledged), isReleased)
}

// Whoever claims: the contract pays all that it can at once. It pays nothing to who has shown it an acknowledgement of all meanwhile.
async function claimGuarantee(
  { of, party, payment, fixed }: Party & { payment: Payment },
  { chain, onClaimed, onLapsed, onOtherAmount }: ConcludingOptions,
): Promise<void> {
  const { agreement } = of
  const { wallet, name } = party
  const isClaimed = async () => (await chain.guaranteeUse(agreement, wallet)).claimed > 0n
  if (!(await isClaimed())) {
    const { owed, acknowledged } = await guaranteeLeft(party, of, fixed, chain, 'final')
    const reason = `${name} is due ${dueOf(fixed, wallet)} by the contract, and has acknowledged ${acknowledged} there`
    if (owed === 0n) return await onLapsed(payment, reason)
  }
  await chain.ensure(claimCall(of, wallet), isClaimed)
  const { txHash, amount } = await chain.claimedBy(agreement, wallet)
  if (amount !== BigInt(payment.amount)) onOtherAmount(payment, amount)
  await onClaimed(payment, txHash)
}

// By the contract's own rule: what is left of the guarantee, and how much of it the party can still claim.
async function guaranteeLeft(
  { wallet, amount }: PartyClause,
  { agreement, terms }: AgreementOf,
  fixed: Fixed,
  chain: AgreementChain,
  when?: 'final',
): Promise<{ owed: bigint; free: bigint; acknowledged: bigint; claimed: bigint }> {
  const { acknowledged, claimed, released } = await chain.guaranteeUse(agreement, wallet, when)
  const left = guaranteeOf(BigInt(amount), general(terms).guaranteeBps) - claimed - released
  const unpaid = dueOf(fixed, wallet) - acknowledged - claimed
  let owed = unpaid
  if (owed > left) owed = left
  if (owed < 0n) owed = 0n
  return { owed, free: left - owed, acknowledged, claimed }
}

async function conclusionOf(
  { agreement, terms }: AgreementOf,
  plan: PayoutPlan,
  fixed: Fixed,
  chain: AgreementChain,
): Promise<Conclusion> {
  const paid = parties(terms).filter(({ role }) => role !== 'payer')
  const uses = await Promise.all(paid.map(({ wallet }) => chain.guaranteeUse(agreement, wallet)))
  const planned = dueByWallet(plan)
  return {
    dues: paid.map(({ wallet }) => ({ wallet, due: String(dueOf(fixed, wallet)) })),
    refund: String(fixed.refund),
    asPlanned:
      plan.refund === String(fixed.refund) &&
      paid.every(({ wallet }) => dueOf(fixed, wallet) === (planned.get(wallet) ?? 0n)),
    claimed: String(uses.reduce((sum, { claimed }) => sum + claimed, 0n)),
    released: String(uses.reduce((sum, { released }) => sum + released, 0n)),
  }
}
