/** The calls that may refute a claim of silence, made from the log; the best one comes first. */
import { refuteSilenceArguments } from '@consign/chain'
import { decodeHeader } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { subjects } from '@consign/events'
import { bytesToHex } from 'viem'
import type { Answer } from './answers.ts'
import { keysOf } from './domain/agreements.ts'
import type { Challenge, Doubted } from './domain/challenges.ts'
import { isInRun } from './domain/run.ts'
import type { Notary } from './notary.ts'

const HEADER_BYTES = 144

/** What was looked at for one claim: the log before position `from`, where nothing was found, so that a long leg is read once. */
export type Search = { from: number; next?: Uint8Array | undefined }

/** With the envelope that is said never to have come; then by the end of the leg, which the chain may know. Each is made when it is asked for. */
export async function* refutationsOf(
  { agreement, caseId }: Challenge,
  doubted: Doubted,
  { log, notary, search }: { log: EventLog; notary: Notary; search: Search },
): AsyncGenerator<Answer> {
  const { leg, seq } = doubted
  const known = notary.agreement(agreement)
  search.next ??= await findNext(log, subjects.envelope(agreement, leg), doubted, search)
  if (search.next !== undefined) {
    const args = refuteSilenceArguments({ caseId, keys: keysOf(known, leg), next: search.next })
    yield { by: `envelope ${seq + 1}`, call: { functionName: 'refuteSilence', args } }
  }
  if (known.ends.get(leg) === seq + 1)
    yield { by: 'the end of the leg', call: { functionName: 'refuteSilenceByCut', args: [caseId] } }
}

async function findNext(
  log: EventLog,
  subject: string,
  { seq, evidence }: Doubted,
  search: Search,
): Promise<Uint8Array | undefined> {
  const to = await log.lastSeq()
  if (to < search.from) return undefined
  for await (const { data } of log.read([subject], { from: search.from, to })) {
    if (!isInRun(data, { fromSeq: seq + 1, toSeq: seq + 1 })) continue
    if (bytesToHex(decodeHeader(data.subarray(0, HEADER_BYTES)).previous) === evidence) return data
  }
  search.from = to + 1
  return undefined
}
