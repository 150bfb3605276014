import { decodeHeader, HEADER_BYTES, type Header } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'

/** Header of the last envelope of a leg that is stored. */
export async function lastStored(log: EventLog, agreement: Hex, leg: number): Promise<Header | undefined> {
  const last = await log.last(subjects.envelope(agreement, leg))
  return last && decodeHeader(last.data.subarray(0, HEADER_BYTES))
}

/** When by the device's clock the last envelope before a cut begins, ms UTC; 0 when the leg has none, it is not stored, or its clock is not set. */
export async function utcMsBeforeCut(
  log: EventLog,
  agreement: Hex,
  { leg, n }: { leg: number; n: number },
): Promise<number> {
  const last = await lastStored(log, agreement, leg)
  return last === undefined || last.seq !== n - 1 || last.clockState === 0 ? 0 : last.baseUtcMs
}
