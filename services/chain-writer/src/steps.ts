import type { JournalStep } from '@consign/chain'

/** Named boundaries of this service's work, in order: a crash at any of them must change nothing in the end. */
export const STEPS = [
  'chain-writer.intended',
  'chain-writer.signed',
  'chain-writer.broadcast',
  'chain-writer.mined',
  'chain-writer.finalized',
  'chain-writer.anchored',
  'chain-writer.observed',
] as const

/** A boundary of the wallet's journal, as named here. */
export function journalStep(name: JournalStep): string {
  return `chain-writer.${name}`
}
