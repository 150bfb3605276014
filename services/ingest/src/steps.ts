/** The named boundaries of ingest's work, in the order one envelope passes them. A kill at any of them loses and repeats nothing. */
export const STEPS = [
  'ingest.verified',
  'ingest.stored',
  'ingest.acknowledged',
  'ingest.fed',
  'ingest.receipted',
  'ingest.parked',
  'ingest.unparked',
  'ingest.quarantined',
] as const
