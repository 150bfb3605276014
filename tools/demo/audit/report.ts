import type { Deployment } from '@consign/chain'
import { type MetricName, metricByName, Refusal } from '@consign/envelope'
import { formatTokens, partyByWallet, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import { balancesOf, type ChannelBalances } from '../channels.ts'
import type { AnchorRow, ChannelRow, LegRow, PayoutRow, ShipmentDocument, ViolationRow } from '../document.ts'
import { readChain } from './chain-evidence.ts'
import { arrived, type Evidence, runChecks } from './checks.ts'
import { readDevice } from './device-evidence.ts'
import { readFeeds } from './feed-evidence.ts'
import { eventsOf, readLog } from './log-evidence.ts'
import { recomputedPlan } from './plan.ts'
import { type RaidenQuery, readRaiden } from './raiden-evidence.ts'

/** Where the evidence of a shipment is. */
export type AuditQuery = {
  natsUrl: string
  rpcUrl: string
  agreement: Hex
  deviceDir: string
  deployment: Deployment
  payer: Hex
  writer: Hex
  /** Absent where payments go over the chain. */
  raiden?: RaidenQuery
  /** The channels of the payment graph when the goods were delivered: before anything was paid. */
  channelsBefore?: ChannelBalances[]
}

/** Gathers the evidence, runs the checks and writes the shipment's document. */
export async function audit(query: AuditQuery): Promise<ShipmentDocument> {
  const agreement = query.agreement.toLowerCase() as Hex
  const device = readDevice(query.deviceDir)
  const legs = device.legs.filter(({ cutDigest }) => cutDigest !== null).length
  const chain = await readChain({ ...query, agreement, legs })
  // In this order: whatever chain and nodes show was journaled in the log before.
  const raiden = query.raiden === undefined ? { nodes: [] } : await readRaiden(query.raiden)
  const log = await readLog(query.natsUrl, agreement)
  const signed = eventsOf(log, 'custody.agreement.signed.v1', agreement)[0]
  if (signed === undefined)
    throw new Refusal('audit.agreement', `the log knows no agreement ${agreement}; name another.`)
  const { terms } = signed.data
  const feeds = await readFeeds(query.natsUrl, terms)
  const evidence: Evidence = { agreement, terms, log, chain, device, feeds, raiden }
  return {
    shipment: signed.data.shipment,
    agreement,
    legs: legRows(evidence),
    violations: violationRows(evidence),
    payouts: payoutRows(evidence),
    channels: channelRows(evidence, query.channelsBefore ?? []),
    refundTokens: formatTokens(BigInt(recomputedPlan(evidence).refund)),
    uncollectedTokens: formatTokens(BigInt(recomputedPlan(evidence).uncollected)),
    emptyRows: device.source.emptyRows,
    anchors: chain.anchors.map(
      ({ seq, root, size, txHash, gas }): AnchorRow => ({ seq, root, size, txHash, gas }),
    ),
    checks: await runChecks(evidence),
  }
}

/** The legs that had a custodian on the way: those that a cut has ended. */
function legRows({ device, log, terms }: Evidence): LegRow[] {
  return device.legs
    .filter(({ cutDigest }) => cutDigest !== null)
    .map(({ leg, party, n }) => {
      const envelopes = log.envelopes.get(leg) ?? []
      return {
        leg,
        custodian: nameOf(terms, party),
        address: party,
        envelopes: envelopes.length,
        readings: envelopes.reduce((sum, { header }) => sum + header.count, 0),
        gaps: gapsIn(new Set(envelopes.map(({ header }) => header.seq)), n),
      }
    })
}

function gapsIn(seqs: Set<number>, n: number): LegRow['gaps'] {
  const gaps: LegRow['gaps'] = []
  for (let seq = 0; seq < n; seq++) {
    if (seqs.has(seq)) continue
    const last = gaps.at(-1)
    if (last?.toSeq === seq - 1) last.toSeq = seq
    else gaps.push({ fromSeq: seq, toSeq: seq })
  }
  return gaps
}

function violationRows({ agreement, terms, log, chain, device }: Evidence): ViolationRow[] {
  const inFileTime = (ms: number) => new Date(ms - device.source.shiftMs).toISOString()
  return eventsOf(log, 'penalty.violation.charged.v1', agreement).map(({ data }) => {
    const proven = chain.violations.find(({ caseId }) => caseId === data.caseId)
    return {
      leg: data.leg,
      custodian: nameOf(terms, data.custodian),
      metric: data.metric ?? null,
      kind: data.kind,
      from: inFileTime(data.fromMs),
      to: inFileTime(data.toMs),
      worst: inUnits(data.metric, data.worst),
      penaltyTokens: formatTokens(BigInt(data.penalty)),
      provenOnChain: proven !== undefined,
      txHash: proven?.txHash ?? null,
    }
  })
}

function inUnits(metric: string | undefined, value: number | undefined): number | null {
  return metric === undefined || value === undefined ? null : value / metricByName(metric as MetricName).scale
}

function payoutRows(evidence: Evidence): PayoutRow[] {
  const { agreement, log } = evidence
  const made = eventsOf(log, 'settlement.payment.made.v1', agreement).map(({ data }) => data)
  return recomputedPlan(evidence).payouts.map(({ party, wallet, agreed, penalty }) => {
    const payments = made.filter((payment) => payment.wallet === wallet)
    const paid = payments.reduce((sum, payment) => sum + arrived(payment, evidence), 0n)
    return {
      party,
      agreedTokens: formatTokens(BigInt(agreed)),
      penaltyTokens: formatTokens(BigInt(penalty)),
      paidTokens: formatTokens(paid),
      via: [...new Set(payments.map(({ via }) => via))].sort().join(', ') || 'none',
    }
  })
}

/** What stands in each channel of the payment graph, by the two nodes that it is between, before and after the payments. */
function channelRows({ terms, raiden }: Evidence, before: ChannelBalances[]): ChannelRow[] {
  return before.map(({ name, from, to, ...then }) => ({
    name,
    from: nameOf(terms, from),
    to: nameOf(terms, to),
    before: inTokens(then),
    after: inTokens(balancesOf(raiden.nodes, { from, to })),
  }))
}

const inTokens = ({ fromBalance, toBalance }: { fromBalance: string; toBalance: string }) => ({
  fromTokens: formatTokens(BigInt(fromBalance)),
  toTokens: formatTokens(BigInt(toBalance)),
})

function nameOf(terms: Terms, wallet: Hex): string {
  return partyByWallet(terms, wallet)?.name ?? wallet
}
