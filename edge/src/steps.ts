/**
 * The step boundaries of the edge's work, in the order in which one reading meets them. A process killed at any of them and started again
 * carries on as if nothing had happened: no envelope is missing and none exists in two versions.
 */
export const STEPS = [
  'edge.buffered', // a reading is durable, with the source's position
  'edge.sealed', // an envelope is signed, not yet stored
  'edge.spooled', // the signed envelope and its seq are durable
  'edge.sent', // a frame was handed to the connection
  'edge.receipted', // frames covered by a verified receipt are deleted
  'edge.offered', // an offer is durable, not yet shown
  'edge.accepted', // an acceptance is verified, nothing stored yet
  'edge.cut', // the cut is durable and the next leg has begun
] as const
