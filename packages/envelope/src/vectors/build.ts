/** All published vectors, by file name. Deterministic: building them again gives the same bytes. */

import { concatBytes, fromHex } from '../bytes.ts'
import { FLAG } from '../header.ts'
import { withOtherS } from '../p256-order.ts'
import type { CryptoProvider } from '../provider.ts'
import { envelopeVector } from './envelopes.ts'
import {
  AGREEMENT,
  CHAIN_ID,
  extremeReadings,
  FLAGS_WARM,
  VECTOR_SEED_BYTES,
  vectorCrypto,
  vectorKeys,
  warmReadings,
} from './fixture.ts'
import { merkleVectors } from './merkle.ts'
import {
  digestOf,
  handoverVectors,
  keysVector,
  legKeysVector,
  signaturesOf,
  type VectorKeys,
} from './records.ts'

/** `envelopes.json`, `records.json`, `merkle.json` as values that JSON can hold; takes 7 s, nearly all of it portable SLH-DSA. */
export async function buildVectors(crypto: CryptoProvider = vectorCrypto): Promise<Record<string, unknown>> {
  const keys: VectorKeys = {
    device: vectorKeys(VECTOR_SEED_BYTES.device),
    leg0: vectorKeys(VECTOR_SEED_BYTES.leg0),
    leg1: vectorKeys(VECTOR_SEED_BYTES.leg1),
    ingest: vectorKeys(VECTOR_SEED_BYTES.ingest),
  }
  const legKeys = [
    await legKeysVector(crypto, keys.device, keys.leg0, 0),
    await legKeysVector(crypto, keys.leg0, keys.leg1, 1),
  ] as const
  const warm = await envelopeVector(crypto, keys.leg0, {
    name: 'warm checkpoint',
    leg: 0,
    seq: 0,
    previous: digestOf(legKeys[0]),
    flags: FLAGS_WARM,
    readings: warmReadings(),
  })
  const heartbeat = await envelopeVector(crypto, keys.leg0, {
    name: 'heartbeat',
    leg: 0,
    seq: 1,
    previous: warm.digest,
    flags: 0,
    readings: [],
  })
  const extremes = await envelopeVector(crypto, keys.leg0, {
    name: 'int32 extremes',
    leg: 0,
    seq: 2,
    previous: heartbeat.digest,
    flags: 0,
    readings: extremeReadings(),
  })
  const leg0Digests = [warm.digest, heartbeat.digest, extremes.digest]
  const { vectors, cut, accept } = await handoverVectors(crypto, keys, leg0Digests, digestOf(legKeys[1]))
  const handover = await envelopeVector(crypto, keys.leg1, {
    name: 'handover',
    leg: 1,
    seq: 0,
    previous: digestOf(vectors.cut as { digest: string }),
    flags: FLAG.checkpoint | FLAG.handover,
    readings: [],
    cut,
    accept,
  })
  const publicKeys = Object.fromEntries(Object.entries(keys).map(([name, set]) => [name, keysVector(set)]))
  return {
    'envelopes.json': {
      about:
        'Envelopes of docs/formats.md. leg0 signs the first three, leg1 the last; readings are in fixed units.',
      chainId: CHAIN_ID,
      agreement: AGREEMENT,
      keys: publicKeys,
      envelopes: [warm.vector, heartbeat.vector, extremes.vector, handover.vector],
      highS: highSOf(warm.vector),
    },
    'records.json': {
      about:
        'Device records of docs/formats.md for leg 0 of envelopes.json. The signatures of the accept are placeholders.',
      chainId: CHAIN_ID,
      agreement: AGREEMENT,
      keySeeds: Object.fromEntries(
        Object.entries(VECTOR_SEED_BYTES).map(([name, byte]) => [name, `0x${byte.toString(16).repeat(32)}`]),
      ),
      keys: publicKeys,
      legKeys,
      ...vectors,
    },
    'merkle.json': {
      about: 'RFC 9162 trees over SHA-256; leaves is each leaf’s data, a prefix of it per size.',
      ...merkleVectors(),
    },
  }
}

// The other s of the warm envelope: valid as ECDSA, refused here because a signature must have one form only.
function highSOf({ message, r, s }: Record<string, unknown>): Record<string, unknown> {
  const signature = concatBytes(fromHex(r as string, 32), fromHex(s as string, 32))
  return { message, ...signaturesOf({ p256: withOtherS(signature) }) }
}
