/** The contracts' refusals in plain English: what is wrong; what to do. Their names are stable codes; the interfaces say when each is thrown. */
import type { AbiItem } from 'viem'
import { CASE_STATES, PHASES } from './agreement/states.ts'
import { durationWritten, etherWritten, secondsWritten, timeWritten, tokensWritten } from './written.ts'

type Args = Record<string, unknown>
type Reason = (args: Args) => string

const amount = (units: unknown): string => tokensWritten(units as bigint)
const ether = (wei: unknown): string => etherWritten(wei as bigint)
const at = (seconds: unknown): string => secondsWritten(seconds as bigint)
const utc = (ms: unknown): string => timeWritten(Number(ms))
const span = (ms: unknown): string => durationWritten(ms as bigint)

const CUSTODY: Record<string, Reason> = {
  AgreementAlreadyStarted: () => 'leg 0 has begun already; nothing is to be done',
  AgreementNotFunded: (a) =>
    `the guarantee of ${amount(a.guaranteeTotal)} is not paid in; run agreement fund first`,
  AgreementPhaseUnexpected: (a) =>
    `the agreement is ${PHASES[Number(a.phase)]}, where this step does not belong; see agreement show`,
  AgreementRoleUnexpected: () => 'a disclosed party has another role than the step needs; check the terms',
  AgreementPartiesNotSigners: (a) =>
    `the payer and payee of the terms are not those who signed (${a.payer}, ${a.payee}); use the terms that they signed`,
  AgreementLegNotBegun: (a) =>
    `leg ${a.leg} has not begun on chain, or is the payer's; record the cut before it first`,
  AgreementLegEnded: (a) => `the end of leg ${a.leg} is recorded already; nothing is to be done`,
  AgreementKeysNotOfLeg: (a) => `the keys are not those of leg ${a.leg}; use the frames of this shipment`,
  AgreementKeysHashZero: () =>
    'the next leg would have no keys; give the hash of its keys, or any other value that is not 0',
  AgreementDeviceSignatureInvalid: () =>
    "the device's signature does not verify; get the frame again, it may be damaged",
  AgreementAcceptSignatureInvalid: (a) => `the acceptance is not signed by ${a.party}; get its frame again`,
  AgreementDelegationSignatureInvalid: (a) =>
    `the delegation is not signed by ${a.party}, who takes the goods; get the acceptance again with the right one`,
  AgreementCutNotAtEnvelope: () =>
    'the envelope shown is not the last one before the cut; get its frame from the device or a feed',
  DelegationOutOfScope: (a) =>
    `the delegation is for the agreement on terms ${a.scope} alone; the party itself accepts, or delegates for this one`,
  DelegationExpired: (a) =>
    `the delegation ended ${utc(a.notAfterMs)}, and it was used ${utc(a.atMs)}; the party itself accepts`,
  DelegationKeysUnexpected: () =>
    'the post-quantum keys are not those that the delegation names; get the acceptance again',
  AgreementPartySignatureInvalid: (a) =>
    `a signature is not by ${a.party}; let it sign these very values again`,
  AgreementAcceptNotAsAgreed: () =>
    "taker, amount or maximum penalty differ from the taker's clause; it must accept as agreed",
  AgreementCutOutsideOffer: (a) =>
    `the cut after ${a.n} envelopes is outside its offer, which was made at ${a.m} and lapsed ${a.ttlEnvelopes} later; it has no effect`,
  AgreementCustodianUnchanged: (a) => `${a.custodian} holds the goods already; name another taker`,
  AgreementOfferNotAtEnvelope: () =>
    'the offer does not follow the envelope shown; use the one right before the offer',
  AgreementNotAtDestination: (a) =>
    `the device was at ${degrees(a.latitude)}, ${degrees(a.longitude)}, outside the destination; tender again there`,
  AgreementNotTendered: (a) => `leg ${a.leg} has no tender, or it was refused; tender first`,
  AgreementAlreadyTendered: (a) =>
    `leg ${a.leg} was tendered already; wait for its grace, then run agreement deliver`,
  AgreementTenderGrace: (a) =>
    `the grace of the tender ends ${at(a.until)}; before it can be refused, after it delivered`,
  AgreementNotLost: (a) =>
    Number(a.lostAfterMs) === 0
      ? 'the terms never count the goods as lost; deliver or tender them'
      : `the goods count as lost from ${utc(a.lostAfterMs)}; wait until then`,
}

const CLAIMS: Record<string, Reason> = {
  AgreementClaimsClosed: (a) =>
    `breaches could be claimed until ${at(a.until)}; what is not on chain by then counts for nothing there`,
  AgreementLimitUnsuited: () =>
    'only services judge a clause of this kind, or this step takes others; see the terms',
  AgreementEnvelopeForeign: (a) =>
    `envelope ${a.position} of the proof is of another chain, agreement or leg; check the folder`,
  AgreementRunNotLinked: (a) =>
    `envelope ${a.position} of the proof does not follow the one before it; one is missing or damaged`,
  AgreementRunEmpty: () => 'the proof holds no envelope; put the frames of the leg into the folder',
  AgreementBeyondCut: (a) =>
    `envelope ${a.seq} lies beyond the end of its leg at ${a.n}; it counts for nothing`,
  AgreementLegForked: (a) =>
    `envelope ${a.seq} lies at or beyond the fork at ${a.forkSeq}; from there nothing is charged for limits`,
  AgreementReadingAbsent: (a) => `there is no reading at place ${a.index} of the envelope; check the folder`,
  AgreementReadingInside: (a) => `the reading (${a.value}) is inside the limit; there is nothing to prove`,
  AgreementNotFirstOutside: (a) =>
    `the excursion began earlier, in envelope ${a.seq} at place ${a.index}; prove it from there`,
  AgreementPredecessorMissing: (a) =>
    `no value is shown before the first one outside; show envelopes before ${a.seq} too`,
  AgreementLimitKept: (a) =>
    `${span(a.outsideMs)} outside are shown, and ${span(a.durationMs)} are allowed; show more envelopes, or none`,
  AgreementAlreadyProven: (a) =>
    `case ${a.caseId} is proven already, for as much or more; nothing is to be done`,
  AgreementNoScan: () =>
    'this wallet has no scan of the leg and limit under way; begin one with agreement prove',
  AgreementClockUnset: () =>
    "the device's clock was not set, so that its time proves nothing; use another envelope",
  AgreementNotLate: (a) => `${utc(a.timeMs)} is not after ${utc(a.dueMs)}; nobody was late`,
  AgreementDeadlinePassedBefore: (a) => `the deadline passed in leg ${Number(a.leg)} already; prove it there`,
  AgreementMilestoneNotOf: (a) =>
    `the milestone is not that of ${a.custodian}, who held the goods; name another leg`,
  AgreementNotSilent: (a) =>
    `${span(a.gapMs)} of silence are shown, and ${span(a.silenceMsMax)} are allowed; there is nothing to prove`,
  AgreementLegComplete: (a) =>
    `the leg ended after ${a.n} envelopes, so nothing is missing; there is nothing to claim`,
  AgreementLegIncomplete: (a) =>
    Number(a.n) === 0xffffffff
      ? 'the leg goes on, so that its end refutes nothing; show the next envelope'
      : `the leg has ${a.n} envelopes, more than the claim says; show the next one`,
  AgreementScanStarted: (a) =>
    `the scan has begun its excursion in envelope ${a.startSeq} at place ${a.startIndex}; go on with it, or drop it`,
  AgreementNoFork: () => 'the two envelopes are the same, or not of one number; show two that differ',
  AgreementDeviceCloneable: () =>
    "the device's keys can be copied, so that a fork proves nobody's tampering; report the fork only",
  AgreementCaseState: (a) =>
    `case ${a.caseId} is ${CASE_STATES[Number(a.state)]}, where this step does not belong`,
  AgreementBondTooLow: (a) =>
    `the bond of ${ether(a.bondWei)} is below ${ether(a.needed)}; give more by --bond`,
  AgreementWindow: (a) => `the time for this step ended, or has not come: ${at(a.until)}`,
  AgreementTooManyDisputes: () => '255 disputes are open; resolve one first',
}

const DISPUTES: Record<string, Reason> = {
  AgreementNotAccused: (a) => `only the accused ${a.accused} may contest, not ${a.caller}; use its key file`,
  AgreementPostQuantumSignatureInvalid: () =>
    'the post-quantum signature does not verify; get the frame again, it may be damaged',
  AgreementLegNotConfirmed: (a) =>
    `leg ${a.leg} began when classical signatures counted no longer; run agreement confirm first`,
  AgreementEvidenceNotIncluded: (a) =>
    `the seal or anchor does not hold envelope ${a.evidence}; use a later one`,
  AgreementAnchorTooLate: () =>
    'the anchor is not known to be from before classical signatures ceased to count; answer with a seal',
}

const ETHER: Record<string, Reason> = {
  AgreementCreditNotPaid: (a) =>
    `${ether(a.amountWei)} are kept for ${a.account} and could not be paid; an account that takes ether can ask for its own`,
  AgreementEtherUnasked: () => 'ether came with a step that takes none; send it without',
}

const PAYOUT: Record<string, Reason> = {
  AgreementFundingNotNeeded: () =>
    'the guarantee is paid in already, or none was agreed; nothing is to be done',
  AgreementGuaranteesUnequal: (a) =>
    `the terms name a guarantee of ${amount(a.guaranteeTotal)}, the parties have ${amount(a.ofParties)} together: no money is taken for them; sign others`,
  AgreementWalletTwice: (a) =>
    `two parties of the terms have the wallet ${a.wallet}: no money is taken for them; sign others`,
  AgreementAcknowledgementOld: (a) =>
    `${amount(a.known)} are acknowledged already, not less than ${amount(a.cumulative)}; nothing is to be done`,
  AgreementAcknowledgementInvalid: (a) =>
    `the acknowledgement is not signed by ${a.party}; let it sign again`,
  AgreementNotSettleable: (a) =>
    BigInt(String(a.from)) === 0n
      ? 'the goods are not delivered; there is nothing to settle yet'
      : `settlement is open from ${at(a.from)}; wait until then`,
  AgreementDisputesOpen: (a) => `${a.count} disputes are open; answer or resolve them first`,
  AgreementPartiesIncomplete: (a) =>
    `party ${a.position} is missing or out of order; use the terms that were signed`,
  AgreementNotSettled: () => 'the agreement is not settled; run agreement settle first',
  AgreementClaimTooEarly: (a) => `payments off chain have time until ${at(a.from)}; claim after it`,
  AgreementNothingDue: (a) =>
    `nothing is to be paid for ${a.party}; its guarantee is used up, or it was paid`,
}

const FACTORY: Record<string, Reason> = {
  AgreementFactorySignatureInvalid: (a) =>
    `${a.party} has not signed these terms for this chain and factory; run agreement sign`,
  AgreementFactoryPartiesEqual: (a) => `${a.party} is both payer and payee; name two parties`,
  AgreementFactoryAlreadyCreated: (a) => `the agreement ${a.agreement} exists already; nothing is to be done`,
  AgreementFactoryChainUnexpected: (a) => `the terms are for chain ${a.chainId}; use a node of it`,
  AgreementFactoryRuleVersionUnknown: (a) =>
    `the terms follow rule version ${a.ruleVersion}, which this factory does not know; use another`,
  AgreementFactoryTokenWithoutEscrow: (a) =>
    `no escrow issues the token ${a.token} of the terms; name one that an escrow issues`,
  AgreementFactoryNotAgreement: (a) => `only an agreement itself may end its reservation, not ${a.caller}`,
}

const ESCROW: Record<string, Reason> = {
  CollateralEscrowNotOrganisation: (a) =>
    `only the organisation may do this, not ${a.caller}; use its key file`,
  CollateralEscrowNotFactory: (a) => `only the factory may do this, not ${a.caller}`,
  CollateralEscrowPayerUnexpected: (a) =>
    `the payer ${a.payer} is not the organisation ${a.organisation} whose token the terms name; use its own token`,
  CollateralEscrowPriceStale: (a) =>
    Number(a.updatedAt) === 0
      ? 'no price of ether was ever posted; the organisation does it by consign escrow price'
      : `the price of ether is of ${at(a.updatedAt)}, which is too old; wait for the next, or post one by consign escrow price`,
  CollateralEscrowPriceNotPositive: (a) =>
    `the feed answers a price of ${a.price}; wait for the next, or post one`,
  CollateralEscrowUndercollateralised: (a) =>
    `${ether(a.neededWei)} are needed to cover 150 %, and there would be ${ether(a.collateralWei)}; deposit the difference`,
  CollateralEscrowAmountZero: () => 'the amount is zero; give more',
  CollateralEscrowDecimalsTooMany: (a) => `the price feed has ${a.decimals} decimals, and 18 are the most`,
  CollateralEscrowRedemptionUnknown: (a) => `there is no redemption ${a.id}, or it is done`,
  CollateralEscrowRedemptionWaits: (a) =>
    `redemption ${a.id} waits for a fresh price, or until ${at(a.until)}`,
  CollateralEscrowPaymentFailed: (a) => `${a.to} takes no ether; name another receiver`,
  SettlementTokenNotIssuer: (a) => `only the escrow issues tokens, not ${a.caller}`,
  SettlementTokenIssuerZero: () => 'a token needs an issuer',
  PostedPriceFeedNotPublisher: (a) => `only the publisher posts prices, not ${a.caller}; use its key file`,
  PostedPriceFeedPriceZero: () => 'the price is zero; give more',
  PostedPriceFeedPublisherZero: () => 'a feed needs a publisher',
}

const REGISTRY_AND_ANCHORS: Record<string, Reason> = {
  PartyRegistryAlreadyRegistered: (a) =>
    `${a.party} is registered already, or its keys are revoked for ever; run registry show, and registry rotate to replace keys that are not revoked`,
  PartyRegistryNotRegistered: (a) => `${a.party} is not registered; run registry register`,
  PartyRegistryRevokedBefore: (a) =>
    `the keys of ${a.party} were revoked for ever; go on with another wallet`,
  PartyRegistryKeyZero: () => 'a key is zero; give real ones',
  PartyRegistrySignatureInvalid: (a) =>
    `the signature is not by the present SLH-DSA key of ${a.party}; sign with its key file`,
  AnchorLogSeqNotNext: (a) =>
    `number ${a.seq} is taken by another root, or not the next, which is ${a.expected}`,
  AnchorLogSizeNotGrown: (a) => `a tree of ${a.size} leaves does not extend the latest of ${a.latest}`,
  AnchorLogRootZero: () => 'no tree has the root 0; give the real one',
}

const FORMATS: Record<string, Reason> = {
  ClauseKindUnexpected: (a) =>
    `the step needs a clause of kind ${a.expected}, not ${a.kind}; check the terms`,
  ClauseNotInTerms: (a) =>
    `the clause is not in the terms that were signed (${a.termsHash}); use the file that was signed`,
  ClauseSideUnknown: (a) => `the limit names side ${a.side}, which these rules do not know`,
  EnvelopeHeaderMalformed: () =>
    'an envelope is not one that a device of this version makes; get its frame again',
  EnvelopeColumnMismatch: (a) =>
    `the readings of envelope ${a.seq} are not those that its header names; get its frame again`,
  EnvelopeTimesMismatch: (a) =>
    `the times of envelope ${a.seq} are not those that its header names, or are not shown; get its frame again`,
  Sha256OutOfGas: () => 'there was too little gas for a hash; send more',
}

const TOKENS: Record<string, Reason> = {
  ERC20InsufficientBalance: (a) =>
    `${a.sender} holds ${amount(a.balance)}, and ${amount(a.needed)} are needed; get the rest first`,
  ERC20InsufficientAllowance: (a) =>
    `${a.spender} may take ${amount(a.allowance)}, and ${amount(a.needed)} are needed; approve more`,
  ERC2612ExpiredSignature: (a) => `the permit ended ${at(a.deadline)}; sign a new one`,
  ERC2612InvalidSigner: (a) =>
    `the permit is signed by ${a.signer}, not by the owner ${a.owner}; sign it again`,
}

/** By the name of the error. */
export const REASONS: Record<string, Reason> = {
  ...CUSTODY,
  ...CLAIMS,
  ...DISPUTES,
  ...ETHER,
  ...PAYOUT,
  ...FACTORY,
  ...ESCROW,
  ...REGISTRY_AND_ANCHORS,
  ...FORMATS,
  ...TOKENS,
}

/** `abiItem`: ABI of the error, which names its arguments. */
export function reasonOf(name: string, abiItem: AbiItem, args: readonly unknown[] = []): string {
  const inputs = 'inputs' in abiItem ? abiItem.inputs : []
  const named = Object.fromEntries((inputs ?? []).map((input, place) => [input.name ?? '', args[place]]))
  return REASONS[name]?.(named) ?? `the contract refused: ${name}(${args.join(', ')})`
}

const degrees = (value: unknown): string => (Number(value) / 1e7).toFixed(5)
