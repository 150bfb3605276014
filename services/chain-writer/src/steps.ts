/** Named boundaries of this service's work, in order: a crash at any of them must change nothing in the end. */
export const STEPS = [
  'chain-writer.intended',
  'chain-writer.signed',
  'chain-writer.broadcast',
  'chain-writer.mined',
  'chain-writer.finalized',
  'chain-writer.anchored',
] as const
