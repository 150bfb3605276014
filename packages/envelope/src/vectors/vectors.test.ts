import { existsSync, readFileSync } from 'node:fs'
import { merkleRoot, verifyConsistency, verifyInclusion } from '@consign/merkle'
import { describe, expect, it, vi } from 'vitest'
import { fromHex } from '../bytes.ts'
import { decodeSignedCut, verifyCut } from '../cut.ts'
import { parseEnvelope, verifyEnvelope } from '../envelope.ts'
import type { PublicKeys } from '../keys.ts'
import { decodeSignedLegKeys, verifyLegKeys } from '../leg-keys.ts'
import { native } from '../native.ts'
import { portable } from '../noble.ts'
import { decodeSignedOffer, verifyOffer } from '../offer.ts'
import type { CryptoProvider } from '../provider.ts'
import { decodeSignedReceipt, verifyReceipt } from '../receipt.ts'
import { decodeSignedSeal, verifySeal } from '../seal.ts'
import { buildVectors } from './build.ts'
import { vectorCrypto } from './fixture.ts'

// Post-quantum signing on a busy machine takes longer than Vitest's five seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

type HexKeys = { p256X: string; p256Y: string; mlDsaKey: string; slhDsaKey: string }
type Signed = { signed: string; slhDsa: string; digest: string }
type Published = {
  envelopes: {
    keys: Record<'device' | 'leg0' | 'leg1' | 'ingest', HexKeys>
    envelopes: { name: string; leg: number; wire: string; digest: string }[]
    highS: { message: string; r: string; s: string }
  }
  records: { legKeys: [Signed, Signed]; offer: Signed; cut: Signed; seal: Signed; receipt: Signed }
  merkle: {
    leaves: string[]
    roots: { root: string }[]
    inclusions: { index: number; size: number; proof: string[] }[]
    consistencies: { oldSize: number; size: number; proof: string[] }[]
  }
}

function published<N extends keyof Published>(name: N): Published[N] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'))
}

const { keys, envelopes, highS } = published('envelopes')
const records = published('records')
const merkle = published('merkle')

function publicKeys({ p256X, p256Y, mlDsaKey, slhDsaKey }: HexKeys): PublicKeys {
  return { p256: fromHex(`${p256X}${p256Y.slice(2)}`), mlDsa: fromHex(mlDsaKey), slhDsa: fromHex(slhDsaKey) }
}

// Portable SLH-DSA takes over a second each: the published signatures stand in for signing again, and are verified below.
function withPublishedSeals(): CryptoProvider {
  const seals = [...records.legKeys, records.seal]
  return {
    ...vectorCrypto,
    slhDsaSign: async (_, digest) => {
      const published = seals.find((signed) => Buffer.from(digest).equals(fromHex(signed.digest)))
      if (published === undefined)
        throw new Error('The vectors are stale: npm run -w @consign/envelope vectors')
      return fromHex(published.slhDsa)
    },
  }
}

describe('the published vectors', () => {
  it('are what this code builds', async () => {
    const built = await buildVectors(withPublishedSeals())
    for (const [name, content] of Object.entries(built))
      expect(JSON.parse(JSON.stringify(content))).toEqual(
        published(name.replace('.json', '') as keyof Published),
      )
    expect(
      Object.keys(built).every((name) => existsSync(new URL(`../../vectors/${name}`, import.meta.url))),
    ).toBe(true)
  })

  it.each([native, portable])('hold under the $name provider', async (crypto) => {
    const [device, leg0, leg1, ingest] = [keys.device, keys.leg0, keys.leg1, keys.ingest].map(publicKeys) as [
      PublicKeys,
      PublicKeys,
      PublicKeys,
      PublicKeys,
    ]
    for (const { leg, wire } of envelopes)
      await verifyEnvelope(crypto, leg === 0 ? leg0 : leg1, parseEnvelope(fromHex(wire)))
    const [first, second] = records.legKeys
    expect(await verifyLegKeys(crypto, device, decodeSignedLegKeys(fromHex(first.signed)))).toEqual(leg0)
    expect(await verifyLegKeys(crypto, leg0, decodeSignedLegKeys(fromHex(second.signed)))).toEqual(leg1)
    const digests = [
      await verifyOffer(crypto, leg0, decodeSignedOffer(fromHex(records.offer.signed))),
      await verifyCut(crypto, leg0, decodeSignedCut(fromHex(records.cut.signed))),
      await verifySeal(crypto, leg0, decodeSignedSeal(fromHex(records.seal.signed))),
      await verifyReceipt(crypto, ingest, decodeSignedReceipt(fromHex(records.receipt.signed))),
    ]
    const named = [records.offer, records.cut, records.seal, records.receipt].map(({ digest }) =>
      fromHex(digest),
    )
    expect(digests).toEqual(named)
    const signature = fromHex(`${highS.r}${highS.s.slice(2)}`)
    expect(await crypto.p256Verify(leg0.p256, fromHex(highS.message), signature)).toBe(false)
  })

  it('chain: each envelope names the one before, the first the keys of its leg or the cut', () => {
    const [warm, heartbeat, extremes, handover] = envelopes.map(({ wire }) => parseEnvelope(fromHex(wire)))
    expect(warm?.header.previous).toEqual(fromHex(records.legKeys[0].digest))
    expect(heartbeat?.header.previous).toEqual(warm?.digest)
    expect(extremes?.header.previous).toEqual(heartbeat?.digest)
    expect(handover?.header.previous).toEqual(fromHex(records.cut.digest))
    const leg0 = envelopes.slice(0, 3).map(({ digest }) => fromHex(digest))
    const cut = decodeSignedCut(fromHex(records.cut.signed)).record
    expect([cut.n, cut.root, cut.head]).toEqual([3, merkleRoot(leg0), leg0[2]])
  })

  it('hold for Merkle trees', () => {
    const leaf = (index: number) => fromHex(merkle.leaves[index] as string)
    const root = (size: number) => fromHex(merkle.roots[size]?.root as string)
    expect(merkle.inclusions.length).toBe(45)
    for (const { index, size, proof } of merkle.inclusions) {
      const claim = {
        leaf: leaf(index),
        index,
        size,
        root: root(size),
        proof: proof.map((node) => fromHex(node)),
      }
      expect(verifyInclusion(claim)).toBe(true)
    }
    for (const { oldSize, size, proof } of merkle.consistencies) {
      const roots = { oldSize, oldRoot: root(oldSize), size, root: root(size) }
      expect(verifyConsistency({ ...roots, proof: proof.map((node) => fromHex(node)) })).toBe(true)
    }
  })
})
