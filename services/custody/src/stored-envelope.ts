import { decodeHeader, HEADER_BYTES, type Header, Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'

/** Header of the last envelope of a leg that is stored. */
export async function lastStored(log: EventLog, agreement: Hex, leg: number): Promise<Header | undefined> {
  const last = await log.last(subjects.envelope(agreement, leg))
  return last && decodeHeader(last.data.subarray(0, HEADER_BYTES))
}

/**
 * When by the device's clock the last envelope before a cut begins, ms UTC; `toldMs`, when we learnt of the cut, when the leg has none or it is not
 * stored. Throws Refusal 'delegation.clock' when its clock is not set.
 */
export async function utcMsBeforeCut(
  log: EventLog,
  agreement: Hex,
  { leg, n }: { leg: number; n: number },
  toldMs: number,
): Promise<number> {
  const last = await lastStored(log, agreement, leg)
  if (last === undefined || last.seq !== n - 1) return toldMs
  if (last.clockState !== 0) return last.baseUtcMs
  throw new Refusal(
    'delegation.clock',
    `the device did not know the time when leg ${leg} was cut, and so not whether the delegation had ended`,
  )
}
