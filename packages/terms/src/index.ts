/** What was agreed: clauses and their hashes, party signatures, the agreement's address, and who gets what at the end. */
export {
  checkNotExpired,
  signAccept,
  signDelegation,
  verifyAccept,
  verifyDelegation,
} from './acceptance.ts'
export { type AgreementPlace, agreementAddress, agreementInitCode, agreementSalt } from './address.ts'
export { encodeClause, shipmentBytes32 } from './clause-abi.ts'
export { UNLIMITED } from './clause-fields.ts'
export {
  type ChannelClause,
  CLAUSE_KINDS,
  CLAUSES_MAX,
  type Clause,
  type ClauseKind,
  type CostlyClause,
  type CumulativeLimitClause,
  type DeadlineClause,
  type DeviceClause,
  type GeneralClause,
  type GeofenceClause,
  type InstantaneousLimitClause,
  type LimitClause,
  type MeanKineticLimitClause,
  type MilestoneClause,
  type PartyClause,
  type Penalty,
  type RouteClause,
  RULE_VERSION,
  type SilenceClause,
  type SingleLimitClause,
  type TamperClause,
  type TenderClause,
  type Terms,
  termsSchema,
  type WindowsClause,
} from './clauses.ts'
export { describeClause, describeTerms } from './describe.ts'
export { type CompleteDraft, parseTermsDraft, type TermsDraft } from './draft.ts'
export { type DeviceIdentity, type DraftFacts, deviceIdentity, draftTerms } from './draft-terms.ts'
export { guaranteeOf } from './guarantee.ts'
export {
  type CaseStart,
  type ClauseContent,
  type ClauseDisclosure,
  caseId,
  clauseHash,
  discloseClause,
  discloseHeading,
  type HeadingDisclosure,
  termsHash,
} from './hashing.ts'
export { SIGNED_MANUAL_CUT } from './manual-cut-fields.ts'
export { METRIC_RANGES } from './metric-ranges.ts'
export { type ParseOptions, parseTerms } from './parse.ts'
export {
  generatePartyKeys,
  loadPartyKeys,
  type PartyIdentity,
  type PartyKeys,
  partyIdentity,
  partyKeysFrom,
  partyKeysFromSeed,
  savePartyKeys,
} from './party-keys.ts'
export { type PaymentEdge, paymentGraph } from './payment-graph.ts'
export {
  type Award,
  type ChargedCase,
  type Payout,
  type PayoutPlan,
  payoutPlan,
  type Transfer,
  transfersOf,
} from './payout.ts'
export { formatBound, formatQuantity, parseQuantity } from './quantity.ts'
export {
  type RegisteredParty,
  type RegistryKeys,
  registryKeys,
  revocationDigest,
  rotationDigest,
  signRevocation,
  signRotation,
} from './registry.ts'
export {
  type PartySignature,
  signAcknowledgement,
  signAgreement,
  signManualCut,
  signTenderRefusal,
  verifyAcknowledgement,
  verifyAgreementSignature,
  verifyManualCut,
  verifyTenderRefusal,
} from './signatures.ts'
export { isSscc, ssccWithCheckDigit } from './sscc.ts'
export { formatTokens, parseEther, parseTokens, TOKEN_DECIMALS } from './tokens.ts'
export {
  ACCEPT_TYPES,
  ACKNOWLEDGEMENT_TYPES,
  type AcceptDomain,
  type Acknowledgement,
  AGREEMENT_TYPES,
  type AgreementDomain,
  type AgreementMessage,
  acceptDigest,
  acceptTypedData,
  acknowledgementDigest,
  acknowledgementTypedData,
  agreementDigest,
  agreementTypedData,
  DELEGATION_TYPES,
  delegationDigest,
  delegationTypedData,
  MANUAL_CUT_TYPES,
  type ManualCut,
  manualCutDigest,
  manualCutTypedData,
  NO_NEXT_KEYS,
  TENDER_REFUSAL_TYPES,
  type TenderRefusal,
  tenderRefusalDigest,
  tenderRefusalTypedData,
} from './typed-data.ts'
export {
  carriers,
  channels,
  clauseByLimitId,
  costly,
  deadline,
  device,
  general,
  geofences,
  isOutside,
  isProvableOnChain,
  limitById,
  limits,
  milestones,
  parties,
  partyByName,
  partyByWallet,
  payee,
  payer,
  route,
  silence,
  tamper,
  tender,
  windows,
} from './views.ts'
