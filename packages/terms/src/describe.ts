/** Clauses in plain language, for the people who sign them. */
import type { Hex } from 'viem'
import type { Clause, PartyClause, Terms } from './clauses.ts'
import { describeCostly } from './describe-costly.ts'
import { formatTokens } from './tokens.ts'
import { partyByWallet } from './views.ts'
import { counted, day, duration, ether, place, tokens } from './wording.ts'

/** As the contracts have it (AgreementClaimsClosed): so long breaches can be claimed at the least. */
const CLAIMS_MS_MIN = 3_600_000

/**
 * One or more English sentences. With `terms`, wallets get their names and a limit says what it can cost in all:
 * "Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens, at most 50 in all. Whoever holds the records …"
 */
export function describeClause(clause: Clause, terms?: Terms): string {
  switch (clause.kind) {
    case 'general':
      return (
        `Shipment ${clause.shipment}, paid in token ${clause.token} on chain ${clause.chainId}: ${tokens(clause.amountTotal)} in all, ` +
        `${guarantee(clause.guaranteeBps)}. ` +
        `Legal regime: ${clause.legalRegime}. Penalties are: ${clause.penaltyNature}. ` +
        `${nameOf(clause.anchorWriter, terms)} anchors the records; those anchored before ${day(clause.classicalUntilMs)} ` +
        'stand without a post-quantum seal.'
      )
    case 'party':
      return describeParty(clause)
    case 'device':
      return (
        `Device ${clause.deviceId.slice(2, 14)}… measures, vouched for by ${nameOf(clause.provisioner, terms)}; its keys are kept in ` +
        `${clause.keystore === 'file' ? 'a file, which can be copied' : 'a secure element'}.`
      )
    case 'route':
      return `The goods travel from ${clause.origin} to ${clause.destination}.`
    case 'channel':
      return `Off chain, ${nameOf(clause.to, terms)} is paid over a payment channel from ${nameOf(clause.from, terms)}.`
    case 'tender':
      return (
        `Goods offered within ${place(clause)} are on time from then on, and are delivered ${duration(clause.graceMs)} later ` +
        'unless the payer refuses them with reasons.'
      )
    case 'windows':
      return (
        `Breaches can be proven until ${duration(Math.max(clause.disputeMs, CLAIMS_MS_MIN))} after delivery. Whoever is charged can contest for ` +
        `${duration(clause.contestMs)}, against a bond of at least ${ether(clause.contestBondWei)}; the answer has ` +
        `${duration(clause.answerMs)}. Guarantees can be claimed ${duration(clause.paymentMs)} after settlement. ` +
        `The device is silent for at most ${duration(clause.silenceMsMax)}, seals its records every ${duration(clause.sealEveryMs)} ` +
        `and signs ${everyEnvelope(clause.checkpointEvery)} post-quantum. ` +
        `An offered handover stays open for ${counted(clause.offerTtlEnvelopes, 'envelope')}.`
      )
    default:
      return describeCostly(clause, terms)
  }
}

/** The whole agreement, one clause a line. */
export function describeTerms(terms: Terms): string {
  return terms.clauses.map((clause) => describeClause(clause, terms)).join('\n')
}

function describeParty(party: PartyClause): string {
  if (party.role === 'payer') return `${party.name} pays, and receives the goods.`
  const does = party.role === 'payee' ? 'supplies the goods' : 'carries the goods'
  const paid = `${party.name} ${does} for ${tokens(party.amount)}`
  if (party.penaltyCap === '0') return `${paid} and is exempt from penalties.`
  return `${paid}, of which penalties take at most ${formatTokens(BigInt(party.penaltyCap))}.`
}

const nameOf = (wallet: Hex, terms: Terms | undefined): string =>
  (terms && partyByWallet(terms, wallet)?.name) ?? wallet

const everyEnvelope = (every: number): string => (every === 1 ? 'every envelope' : `one envelope in ${every}`)
const guarantee = (bps: number): string =>
  bps === 0 ? 'without an on-chain guarantee' : `with ${bps / 100} % of each amount guaranteed on chain`
