/** Named boundaries of this service's work, in order: a crash at any of them must change nothing in the end. */
export const STEPS = [
  'settlement.planned',
  'settlement.intended',
  'settlement.tx.intended',
  'settlement.signed',
  'settlement.broadcast',
  'settlement.mined',
  'settlement.finalized',
  'settlement.paid',
  'settlement.settled',
] as const
