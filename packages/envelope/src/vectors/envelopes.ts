/** Vectors of envelopes: leg 0 with a warm checkpoint, a heartbeat and int32 extremes, and the handover envelope that begins leg 1. */
import { bodyHash, decodeBody, disclose, type Reading } from '../body.ts'
import { toHex } from '../bytes.ts'
import { type Envelope, type EnvelopeDraft, parseEnvelope, sealEnvelope } from '../envelope.ts'
import type { KeySet } from '../key-set.ts'
import { METRICS } from '../metrics.ts'
import type { CryptoProvider } from '../provider.ts'
import { AGREEMENT, BASE_MONOTONIC_MS, BASE_UTC_MS, BOOT_ID, CHAIN_ID, filled } from './fixture.ts'
import { signaturesOf } from './records.ts'

/** What differs from one vector envelope to the next. */
export type EnvelopeVectorDraft = Pick<EnvelopeDraft, 'seq' | 'previous' | 'flags' | 'cut' | 'accept'> & {
  name: string
  leg: number
  readings: Reading[]
}

/** Signs one envelope; `vector` is its JSON. */
export async function envelopeVector(
  crypto: CryptoProvider,
  keys: KeySet,
  { name, leg, ...draft }: EnvelopeVectorDraft,
): Promise<{ digest: Uint8Array; vector: Record<string, unknown> }> {
  const { wire } = await sealEnvelope(crypto, keys, {
    ref: { chainId: CHAIN_ID, agreement: AGREEMENT, leg },
    seed: filled(0x50 + draft.seq, 16),
    bootId: BOOT_ID,
    baseMonotonicMs: BASE_MONOTONIC_MS,
    baseUtcMs: BASE_UTC_MS,
    clockState: 1,
    ...draft,
  })
  const envelope = parseEnvelope(wire)
  return { digest: envelope.digest, vector: { name, ...describe(envelope), readings: draft.readings } }
}

function describe(envelope: Envelope): Record<string, unknown> {
  const { header, body } = envelope
  return {
    leg: header.leg,
    seq: header.seq,
    flags: header.flags,
    mask: header.mask,
    count: header.count,
    header: toHex(envelope.headerBytes),
    message: toHex(envelope.message),
    digest: toHex(envelope.digest),
    previous: toHex(header.previous),
    body: toHex(body),
    bodyHash: toHex(bodyHash(body, header.mask, header.count)),
    ...signaturesOf({
      p256: envelope.p256,
      ...(envelope.mlDsa === undefined ? {} : { mlDsa: envelope.mlDsa }),
    }),
    wire: toHex(envelope.wire),
    disclosures: disclosuresOf(envelope),
  }
}

function disclosuresOf({ header, body }: Envelope): Record<string, unknown>[] {
  const columns = decodeBody(body, header.mask, header.count)
  return METRICS.filter(({ id }) => columns.columns.has(id)).map(({ id, name }) => {
    const { times, column, hashes } = disclose(body, header.mask, header.count, name)
    return {
      metric: id,
      name,
      column: toHex(column?.bytes ?? new Uint8Array(0)),
      columnSalt: toHex(column?.salt ?? new Uint8Array(32)),
      times: toHex(times.bytes),
      timesSalt: toHex(times.salt),
      hashes: hashes.map(toHex),
      values: [...(columns.column(name) ?? [])],
    }
  })
}
