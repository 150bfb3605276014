import { decodeBody, type MetricName, metricByName, parseEnvelope, toHex } from '@consign/envelope'
import type { JudgedEnvelope } from '@consign/terms/judging'

/** What the assessment needs of one stored envelope: what clauses judge, its identity, links and ingest's flags. Digests are bare hex. */
export type StoredEnvelope = JudgedEnvelope & {
  leg: number
  digest: string
  previous: string
  flags: ReadonlySet<string>
  count: number
}

/**
 * Wire bytes → StoredEnvelope. Digest and body hash are recomputed here; signatures were verified before it was stored.
 * Copies what it keeps, so that an envelope that waits for its predecessors holds 4 B per reading and per judged
 * metric and not its signatures. Throws Refusal `envelope.…` for bytes that are no envelope.
 */
export function readStoredEnvelope(
  wire: Uint8Array,
  flags: string,
  metrics: Iterable<MetricName>,
): StoredEnvelope {
  const envelope = parseEnvelope(wire)
  const { header } = envelope
  const body = decodeBody(envelope.body, header.mask, header.count)
  const columns = new Map<MetricName, Int32Array>()
  for (const metric of metrics) {
    const column = (header.mask >>> metricByName(metric).id) & 1 ? body.column(metric) : undefined
    if (column !== undefined) columns.set(metric, column.slice())
  }
  return {
    leg: header.leg,
    seq: header.seq,
    digest: Buffer.from(envelope.digest).toString('hex'),
    previous: Buffer.from(header.previous).toString('hex'),
    flags: new Set(flags.split(',').filter((flag) => flag !== '')),
    count: header.count,
    bootId: toHex(header.bootId),
    clockState: header.clockState,
    baseUtcMs: header.baseUtcMs,
    baseMonotonicMs: header.baseMonotonicMs,
    timesMs: body.timesMs.slice(),
    columns,
  }
}
