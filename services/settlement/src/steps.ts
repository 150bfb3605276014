import type { JournalStep } from '@consign/chain'

/** Named boundaries of this service's work, in order: a crash at any of them must change nothing in the end. */
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
  'settlement.acknowledged',
  'settlement.replied',
  'settlement.concluded',
] as const

/** A boundary of the wallet's journal, as named here: `settlement.intended` is the payment's, so the transaction's is `submitted`. */
export function journalStep(name: JournalStep): string {
  return `settlement.${name === 'intended' ? 'submitted' : name}`
}
