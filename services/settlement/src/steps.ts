import type { JournalStep } from '@consign/chain'

/** Named boundaries of this service's work, in order: a crash at any of them must change nothing in the end. */
export const STEPS = [
  'settlement.reserved',
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

/** Those that paying over Raiden adds: before the node is asked, after it said that it has paid, after it refused, and after that was too much. */
export const RAIDEN_STEPS = [
  'settlement.attempted',
  'settlement.posted',
  'settlement.refused',
  'settlement.diverted',
] as const

/** Beside them, where the contract owes nothing of what was left to a guarantee. */
export const LAPSED_STEP = 'settlement.lapsed'

/** A boundary of the wallet's journal, as named here: `settlement.intended` is the payment's, so the transaction's is `submitted`. */
export function journalStep(name: JournalStep): string {
  return `settlement.${name === 'intended' ? 'submitted' : name}`
}
