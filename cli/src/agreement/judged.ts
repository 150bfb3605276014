/** What the envelopes in a folder show: the judgements of the rules that services and chain share. */
import { decodeBody, type Envelope, METRICS, type MetricName, Refusal, toHex } from '@consign/envelope'
import type { LimitClause, SilenceClause } from '@consign/terms'
import { type JudgedEnvelope, type Judgement, limitFold, SilenceFold } from '@consign/terms/judging'
import type { LegFrames } from '../party-folder.ts'

/** Envelopes up to the first that is missing, or to a fork: nothing is charged beyond either. Refusal 'folder.envelope' when there are none. */
export function judgedLeg(
  { leg, envelopes, forks }: LegFrames,
  clause: LimitClause | SilenceClause,
): Judgement[] {
  const forkSeq = Math.min(...forks.map(({ seq }) => seq), Number.POSITIVE_INFINITY)
  const whole = envelopes.filter(({ header }, place) => header.seq === place && header.seq < forkSeq)
  if (whole.length === 0)
    throw new Refusal(
      'folder.envelope',
      `envelope 0 of leg ${leg} is not in the folder; get its frame from the device or a feed`,
    )
  const found: Judgement[] = []
  const docket = { warn: () => {}, judge: (judgement: Judgement) => found.push(judgement) }
  const fold = clause.kind === 'silence' ? new SilenceFold(clause) : limitFold(clause, leg)
  for (const envelope of whole) fold.take(judgedEnvelope(envelope), docket)
  fold.end(docket)
  return found
}

export function judgedEnvelope({ header, body }: Envelope): JudgedEnvelope {
  const { timesMs, column } = decodeBody(body, header.mask, header.count)
  const columns = new Map<MetricName, Int32Array>()
  for (const { name } of METRICS) {
    const values = column(name)
    if (values) columns.set(name, values)
  }
  const { seq, baseMonotonicMs, baseUtcMs, clockState, bootId } = header
  return { seq, baseMonotonicMs, baseUtcMs, clockState, bootId: toHex(bootId), timesMs, columns }
}
