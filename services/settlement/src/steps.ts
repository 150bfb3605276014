import type { JournalStep } from '@consign/chain'

/** Named boundaries of paying, in order: a crash at any of them must change nothing in the end. */
export const STEPS = [
  'settlement.planned',
  'settlement.intended',
  'settlement.submitted',
  'settlement.signed',
  'settlement.broadcast',
  'settlement.mined',
  'settlement.finalized',
  'settlement.paid',
  'settlement.settled',
] as const

/** The same of what is done for an agreement on chain; its transactions pass the boundaries of the journal above, too. */
export const AGREEMENT_STEPS = [
  'settlement.funded',
  'settlement.acknowledged',
  'settlement.told',
  'settlement.concluded',
  'settlement.released',
] as const

/** A boundary of the wallet's journal, as named here: `settlement.intended` is the payment's, so the transaction's is `submitted`. */
export function journalStep(name: JournalStep): string {
  return `settlement.${name === 'intended' ? 'submitted' : name}`
}
