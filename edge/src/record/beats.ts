import { type Terms, windows } from '@consign/terms'

/** Below it a quarter of the limit no longer covers a tick of the device (200 ms) and the signatures of a cut (about a second). */
export const SILENCE_MS_MIN = 10_000

/**
 * How long the device may take over an envelope, ms of its monotonic time, so that it keeps the terms' `silenceMsMax` (P18). What is judged is how
 * far apart envelopes begin: readings are collected for half of the limit, then the next one may take another quarter until a heartbeat
 * goes out instead; the last quarter is to spare.
 */
export type Beats = {
  /** After its first reading an envelope is closed. */
  closeAfterMs: number
  /** After an envelope began, the next one begins, with readings or without. */
  beatAfterMs: number
}

export function beatsOf(terms: Terms): Beats {
  const { silenceMsMax } = windows(terms) // that of a silence clause is never shorter
  return { closeAfterMs: Math.floor(silenceMsMax / 2), beatAfterMs: Math.floor((silenceMsMax * 3) / 4) }
}
