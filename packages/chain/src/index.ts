export { type PublicClient, publicClient, type WalletClient, walletClient } from './clients.ts'
export { DETERMINISTIC_DEPLOYER, type Deployment, deployConsign, deterministicAddresses } from './deploy.ts'
export { cutArguments, disclosureFor, startArguments } from './disclosure.ts'
export { agreementAbi } from './generated/agreement.ts'
export { agreementFactoryAbi } from './generated/agreementFactory.ts'
export { anchorLogAbi } from './generated/anchorLog.ts'
export { settlementTokenAbi } from './generated/settlementToken.ts'
export {
  type JournalCounts,
  openTxJournal,
  TxJournal,
  type TxJournalOptions,
} from './journal.ts'
export type { Finality } from './journal-chain.ts'
export type { Intent, Transaction, TransactionResult } from './journal-decider.ts'
export type { JournalNotices, JournalStep } from './journal-driver.ts'
export { delayAfter, isTransient, untilAnswered } from './journal-patience.ts'
