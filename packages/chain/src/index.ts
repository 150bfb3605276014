export {
  type AgreementArguments,
  type AgreementCall,
  type AgreementCallName,
  encodeAgreementCall,
} from './agreement-call.ts'
export { anchorAnswerArguments, sealAnswerArguments } from './calls/answer.ts'
export { confirmLegArguments, confirmLegCall } from './calls/confirm.ts'
export { contestArguments } from './calls/contest.ts'
export { createArguments } from './calls/create.ts'
export { cutArguments, cutCall, isDelegated } from './calls/cut.ts'
export { forkArguments, tamperingArguments } from './calls/fork.ts'
export { lateArguments } from './calls/late.ts'
export { manualCutArguments } from './calls/manual-cut.ts'
export {
  claimArguments,
  fundArguments,
  fundWithPermitArguments,
  releaseArguments,
  settleArguments,
} from './calls/payout.ts'
export { claimSilenceArguments, refuteSilenceArguments, silenceArguments } from './calls/silence.ts'
export { startArguments } from './calls/start.ts'
export {
  closeUndeliveredArguments,
  deliverByTenderArguments,
  refuseTenderArguments,
  tenderArguments,
} from './calls/tender.ts'
export {
  isProvable,
  type ProvableLimit,
  type ViolationCall,
  type ViolationEvidence,
  violationCalls,
} from './calls/violation.ts'
export { type PublicClient, publicClient, type WalletClient, walletClient } from './clients.ts'
export {
  create2Address,
  DETERMINISTIC_DEPLOYER,
  type Deployer,
  deployByCreate2,
  ensureDeployer,
} from './create2.ts'
export {
  type Deployment,
  deployConsign,
  deterministicAddresses,
  type OrganisationChoice,
  type OrganisationContracts,
  type SharedContracts,
} from './deploy.ts'
export { agreementAbi } from './generated/agreement.ts'
export { agreementFactoryAbi } from './generated/agreementFactory.ts'
export { anchorLogAbi } from './generated/anchorLog.ts'
export { collateralEscrowAbi } from './generated/collateralEscrow.ts'
export { partyRegistryAbi } from './generated/partyRegistry.ts'
export { postedPriceFeedAbi } from './generated/postedPriceFeed.ts'
export { settlementTokenAbi } from './generated/settlementToken.ts'
export { slhDsaVerifierAbi } from './generated/slhDsaVerifier.ts'
export {
  type JournalCounts,
  openTxJournal,
  TxJournal,
  type TxJournalOptions,
} from './journal.ts'
export { eventOfLog, revertReason } from './journal-answers.ts'
export type { Finality } from './journal-chain.ts'
export type { Intent, Transaction, TransactionResult } from './journal-decider.ts'
export type { JournalNotices, JournalStep } from './journal-driver.ts'
export { delayAfter, isTransient, untilAnswered } from './journal-patience.ts'
export { Wakeup } from './journal-wakeup.ts'
