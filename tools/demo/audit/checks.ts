import {
  decodeSignedLegKeys,
  decodeSignedSeal,
  type Envelope,
  legKeysDigest,
  namedKeys,
  native,
  type PublicKeys,
  verifyEnvelope,
  verifyLegKeys,
  verifySeal,
} from '@consign/envelope'
import { type EventData, encodeEvent } from '@consign/events'
import { MerkleLog, merkleRoot } from '@consign/merkle'
import { assess } from '@consign/penalty/assess'
import { device, general, type PayoutPlan, parties, payer, type Terms, transfersOf } from '@consign/terms'
import { type Hex, hexToBytes, toHex } from 'viem'
import type { Checks } from '../document.ts'
import type { ChainEvidence } from './chain-evidence.ts'
import type { DeviceEvidence, DeviceLeg } from './device-evidence.ts'
import type { FeedEvidence } from './feed-evidence.ts'
import { eventsOf, type LogEvidence } from './log-evidence.ts'
import { provenPlan, recomputedPlan } from './plan.ts'
import { isBalanced, type RaidenEvidence, receivedUnder } from './raiden-evidence.ts'

export type Evidence = {
  agreement: Hex
  terms: Terms
  log: LogEvidence
  chain: ChainEvidence
  device: DeviceEvidence
  feeds: FeedEvidence
  raiden: RaidenEvidence
}

export async function runChecks(evidence: Evidence): Promise<Checks> {
  return {
    conserved: await holds(() => isConserved(evidence)),
    replayIdentical: await holds(() => isReplayIdentical(evidence)),
    anchorsVerified: await holds(() => areAnchorsVerified(evidence)),
    nothingLost: await holds(() => isNothingLost(evidence)),
  }
}

/** Evidence that cannot be followed (a false signature, a forged event) fails the check that needs it, and no other. */
async function holds(check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await check()
  } catch {
    return false
  }
}

function isConserved(evidence: Evidence): boolean {
  const { agreement, terms, log, chain, raiden } = evidence
  const plan = recomputedPlan(evidence)
  const made = eventsOf(log, 'settlement.payment.made.v1', agreement).map(({ data }) => data)
  return (
    isPaidOut(made, plan, evidence) &&
    everyTransferIsAPayment(log, chain) &&
    raiden.nodes.every(isBalanced) &&
    everySentPaymentIsIntended(log, raiden) &&
    isSettledAsPlanned(terms, provenPlan(evidence), chain) &&
    isGuaranteeSpent(made, terms, chain)
  )
}

type PaymentMade = EventData<'settlement.payment.made.v1'>

/** What came in at each wallet, from the payer and from its guarantee together, is what it is due. */
function isPaidOut(made: PaymentMade[], plan: PayoutPlan, evidence: Evidence): boolean {
  const paid = new Map<Hex, bigint>()
  for (const payment of made)
    paid.set(payment.wallet, (paid.get(payment.wallet) ?? 0n) + arrived(payment, evidence))
  const due = transfersOf(plan).map(({ wallet, amount }) => `${wallet} ${amount}`)
  return isEqual([...paid].map(([wallet, amount]) => `${wallet} ${amount}`).sort(), due.sort())
}

/** What a payment brought by the receiver's own evidence: its Raiden node, or the chain. 0 when there is none. */
export function arrived(
  { wallet, txHash, secretHash, via }: PaymentMade,
  { chain, raiden }: Evidence,
): bigint {
  if (secretHash !== undefined) return receivedUnder(raiden, wallet, secretHash)?.amount ?? 0n
  const source = via === 'guarantee' ? chain.guarantee.paidOut : chain.transfers
  return source.find((transfer) => transfer.txHash === txHash && transfer.to === wallet)?.amount ?? 0n
}

/** The agreement fixed on chain what follows from all that can be proven there, and its payouts and its refund are the amounts of the terms. */
function isSettledAsPlanned(terms: Terms, plan: PayoutPlan, { settlement }: ChainEvidence): boolean {
  if (settlement === undefined || settlement.refund !== BigInt(plan.refund)) return false
  const planned = new Map(transfersOf(plan).map(({ wallet, amount }) => [wallet, amount]))
  const dues = [...settlement.dues]
  const given = dues.reduce((sum, [, amount]) => sum + amount, settlement.refund)
  const agreed = parties(terms).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return dues.every(([wallet, amount]) => (planned.get(wallet) ?? 0n) === amount) && given === agreed
}

/** The guarantee went in whole; as everybody acknowledged, all that no payment of the log took from it came back to the payer. */
function isGuaranteeSpent(made: PaymentMade[], terms: Terms, { guarantee }: ChainEvidence): boolean {
  const { paidIn, paidOut } = guarantee
  const wallet = payer(terms).wallet
  const claims = paidOut.filter(({ to }) => to !== wallet).map(({ to, amount }) => `${to} ${amount}`)
  const planned = made
    .filter(({ via }) => via === 'guarantee')
    .map((payment) => `${payment.wallet} ${payment.amount}`)
  const out = paidOut.reduce((sum, { amount }) => sum + amount, 0n)
  return (
    paidIn === BigInt(general(terms).guaranteeTotal) &&
    out === paidIn &&
    isEqual(claims.sort(), planned.sort())
  )
}

/** No token left the payer but for an intended payment, by the very transaction that its journal holds, once. */
function everyTransferIsAPayment(log: LogEvidence, chain: ChainEvidence): boolean {
  const intended = new Map<string, string>()
  const journaled = new Map<Hex, string>()
  for (const { type, data } of log.events) {
    if (type === 'settlement.payment.intended.v1')
      intended.set(data.paymentId, `${data.wallet} ${data.amount}`)
    // A payment whose transfer reverted is tried again under its key and a number.
    if (type === 'chain.signed.v1')
      journaled.set(data.hash, data.key.replace(/^payment:(0x[0-9a-f]{64})(:\d+)?$/, '$1'))
  }
  // The payer funds its other agreements, too: by the call that their address names.
  const transfers = chain.transfers.filter(
    ({ to, txHash }) => !journaled.get(txHash)?.startsWith(`fund:${to}`),
  )
  const paymentIds = transfers.map(({ txHash }) => journaled.get(txHash) ?? '')
  const isOnce = new Set(paymentIds).size === paymentIds.length
  return isOnce && transfers.every(({ to, amount }, i) => intended.get(paymentIds[i]!) === `${to} ${amount}`)
}

/** The organisation's node sent nothing but what was intended, to whom and as much as was intended, each once. */
function everySentPaymentIsIntended({ events }: LogEvidence, { nodes }: RaidenEvidence): boolean {
  const [organisation] = nodes
  if (organisation === undefined) return true
  const intended = new Map<string, string>()
  const attempted = new Map<string, string>()
  for (const { type, data } of events) {
    if (type === 'settlement.payment.intended.v1')
      intended.set(data.paymentId, `${data.wallet} ${data.amount}`)
    if (type === 'settlement.payment.attempted.v1') attempted.set(data.secretHash, data.paymentId)
  }
  const sent = organisation.payments.filter(({ outcome }) => outcome === 'sent')
  const paymentIds = sent.map(({ secretHash }) => attempted.get(secretHash ?? '') ?? '')
  const isOnce = new Set(paymentIds).size === paymentIds.length
  return (
    isOnce && sent.every(({ target, amount }, i) => intended.get(paymentIds[i]!) === `${target} ${amount}`)
  )
}

function isReplayIdentical(evidence: Evidence): boolean {
  const { agreement, log } = evidence
  const again = assess(log.messages)
    .filter(({ event }) => (event.data as { agreement?: Hex }).agreement === agreement)
    .map(({ event }) => toHex(encodeEvent(event)))
  const recorded = log.messages
    .filter(({ subject, data }) => /^(penalty|rating)\./.test(subject) && agreementIn(data) === agreement)
    .map(({ data }) => toHex(data))
  const planned = eventsOf(log, 'settlement.planned.v1', agreement).map(({ data }) =>
    JSON.stringify(data.plan),
  )
  return (
    isEqual(again.sort(), recorded.sort()) && isEqual(planned, [JSON.stringify(recomputedPlan(evidence))])
  )
}

function areAnchorsVerified({ log, chain }: Evidence): boolean {
  const tree = new MerkleLog()
  for (const leaf of log.leaves) tree.append(leaf)
  const own = new Set([...log.envelopes.values()].flat().map(({ digest }) => digest.toHex()))
  const sizeNeeded = 1 + log.leaves.findLastIndex((leaf) => own.has(leaf.toHex()))
  const roots = chain.anchors.every(
    ({ root, storedRoot, size, seq }, i) =>
      seq === i && root === storedRoot && size <= tree.size && root === toHex(tree.root(size)),
  )
  return (
    roots &&
    own.size > 0 &&
    chain.latestAnchorSize >= sizeNeeded &&
    chain.anchors.at(-1)?.size === chain.latestAnchorSize
  )
}

async function isNothingLost(evidence: Evidence): Promise<boolean> {
  const { device: deviceSays, log } = evidence
  if (deviceSays.framesWaiting > 0 || deviceSays.readingsWaiting > 0 || log.unreadable > 0) return false
  const carried = deviceSays.legs.filter(({ cutDigest }) => cutDigest !== null)
  const total = carried.reduce((sum, { readings }) => sum + readings, 0)
  if (carried.length === 0 || total !== deviceSays.source.readings) return false
  const keys = await legKeysOf(evidence)
  for (const leg of carried) {
    if (!chainAgrees(evidence.chain, leg)) return false
    if (!(await logAgrees(log.envelopes.get(leg.leg) ?? [], leg, keys.get(leg.leg)))) return false
    if (!(await isSealed(evidence, leg, keys.get(leg.leg)))) return false
  }
  return everyPartyHasAll(evidence)
}

/** The leg's SLH-DSA seal over all its envelopes is kept, and it verifies. */
async function isSealed(
  { agreement, log }: Evidence,
  leg: DeviceLeg,
  keys: PublicKeys | undefined,
): Promise<boolean> {
  if (keys === undefined) return false
  const seals = eventsOf(log, 'custody.sealed.v1', agreement)
  const last = seals.find(({ data }) => data.leg === leg.leg && data.n === leg.n && data.root === leg.root)
  if (last === undefined) return false
  const seal = decodeSignedSeal(hexToBytes(last.data.seal))
  await verifySeal(native, keys, seal)
  return (
    seal.record.n === leg.n && toHex(seal.record.root) === leg.root && seal.record.agreement === agreement
  )
}

/** No party depends on us: each one's own feed holds every envelope. */
function everyPartyHasAll({ log, feeds, terms }: Evidence): boolean {
  const digests = [...log.envelopes.values()].flat().map(({ digest }) => digest.toHex())
  return parties(terms).every(({ wallet }) => digests.every((digest) => feeds.get(wallet)?.has(digest)))
}

function chainAgrees(chain: ChainEvidence, { leg, n, party, cutDigest }: DeviceLeg): boolean {
  const onChain = chain.legs.find((each) => each.leg === leg)
  const cut = chain.cuts.find((each) => each.leg === leg)
  return (
    onChain?.ended === true &&
    onChain.n === n &&
    onChain.custodian === party &&
    cut?.n === n &&
    cut.cutDigest === cutDigest
  )
}

async function logAgrees(
  envelopes: Envelope[],
  leg: DeviceLeg,
  keys: PublicKeys | undefined,
): Promise<boolean> {
  if (keys === undefined) return false
  const bySeq = [...envelopes].sort((a, b) => a.header.seq - b.header.seq)
  const readings = bySeq.reduce((sum, { header }) => sum + header.count, 0)
  const complete = bySeq.length === leg.n && bySeq.every(({ header }, i) => header.seq === i)
  if (
    !complete ||
    readings !== leg.readings ||
    toHex(merkleRoot(bySeq.map(({ digest }) => digest))) !== leg.root
  )
    return false
  try {
    for (const envelope of bySeq) await verifyEnvelope(native, keys, envelope)
    return true
  } catch {
    return false
  }
}

/** Follows the keys from the device that the terms name, or that custodians put in its place, through every leg; throws when a link is false. */
async function legKeysOf({ agreement, terms, log }: Evidence): Promise<Map<number, PublicKeys>> {
  let signer = namedKeys(device(terms))
  const signed: { leg: number; bytes: Hex; by?: PublicKeys; digest?: Hex }[] = [
    ...eventsOf(log, 'custody.packed.v1', agreement).map(({ data }) => ({ leg: 0, bytes: data.keys })),
    ...eventsOf(log, 'custody.transferred.v1', agreement).map(({ data }) => ({
      leg: data.leg + 1,
      bytes: data.nextKeys,
    })),
    ...eventsOf(log, 'custody.transferred.manually.v1', agreement).flatMap(({ data }) => {
      const { leg, nextKeysHash: digest, replacement } = data
      if (replacement === undefined) return []
      return [{ leg: leg + 1, bytes: replacement.nextKeys, by: namedKeys(replacement.device), digest }]
    }),
  ]
  signed.sort((a, b) => a.leg - b.leg)
  const keys = new Map<number, PublicKeys>()
  for (const { bytes, by = signer, digest } of signed) {
    const legKeys = decodeSignedLegKeys(hexToBytes(bytes))
    if (legKeys.record.agreement !== agreement || legKeys.record.chainId !== general(terms).chainId) break
    if (digest !== undefined && digest !== toHex(legKeysDigest(legKeys.record))) break
    signer = by
    signer = await verifyLegKeys(native, signer, legKeys)
    keys.set(legKeys.record.leg, signer)
  }
  return keys
}

function agreementIn(event: Uint8Array): Hex | undefined {
  return (JSON.parse(new TextDecoder().decode(event)) as { data?: { agreement?: Hex } }).data?.agreement
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}
