import { inspect } from 'node:util'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { toHex } from './bytes.ts'
import { KeySet } from './key-set.ts'
import { native } from './native.ts'
import { portable, portableProvider } from './noble.ts'
import { isHighS, withOtherS } from './p256-order.ts'

// Post-quantum signing on a busy machine takes longer than Vitest's five seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const providers = [native, portable]
const pairs = providers.flatMap((signer) => providers.map((verifier) => ({ signer, verifier })))
const message = new TextEncoder().encode('consign.envelope and a header')
const digest = new Uint8Array(32).fill(0xd1)

const keysOf: Record<string, KeySet> = {}
const slhDsaOf: Record<string, Uint8Array> = {}

// A portable SLH-DSA signature takes over a second, so each provider signs once for all tests.
beforeAll(async () => {
  for (const signer of providers) {
    const keys = signer.generateKeys()
    keysOf[signer.name] = keys
    slhDsaOf[signer.name] = await signer.slhDsaSign(keys, digest)
  }
})

describe.each(pairs)('$verifier.name accepts what $signer.name signs', ({ signer, verifier }) => {
  it('with P-256', async () => {
    const keys = keysOf[signer.name] as KeySet
    const signature = await signer.p256Sign(keys, message)
    expect(signature.length).toBe(64)
    expect(await verifier.p256Verify(keys.public.p256, message, signature)).toBe(true)
    expect(verifier.p256VerifySync(keys.public.p256, message, signature)).toBe(true)
  })

  it('with ML-DSA-44', async () => {
    const keys = keysOf[signer.name] as KeySet
    const signature = await signer.mlDsaSign(keys, digest)
    expect(signature.length).toBe(2420)
    expect(await verifier.mlDsaVerify(keys.public.mlDsa, digest, signature)).toBe(true)
    expect(verifier.mlDsaVerifySync(keys.public.mlDsa, digest, signature)).toBe(true)
  })

  it('with SLH-DSA-SHA2-128s', async () => {
    const keys = keysOf[signer.name] as KeySet
    const signature = slhDsaOf[signer.name] as Uint8Array
    expect(signature.length).toBe(7856)
    expect(await verifier.slhDsaVerify(keys.public.slhDsa, digest, signature)).toBe(true)
  })

  it('with keys that the other made', async () => {
    const keys = keysOf[verifier.name] as KeySet
    const [p256, mlDsa] = [await signer.p256Sign(keys, message), await signer.mlDsaSign(keys, digest)]
    expect(await verifier.p256Verify(keys.public.p256, message, p256)).toBe(true)
    expect(await verifier.mlDsaVerify(keys.public.mlDsa, digest, mlDsa)).toBe(true)
  })
})

describe.each(providers)('$name', (provider) => {
  const keys = () => keysOf[provider.name] as KeySet
  const other = () => keysOf[provider === native ? 'portable' : 'native'] as KeySet

  it('signs P-256 with low s only, and refuses the other s, which ECDSA would accept', async () => {
    for (let count = 0; count < 16; count++) {
      const signature = await provider.p256Sign(keys(), Uint8Array.of(count))
      expect(isHighS(signature)).toBe(false)
      const highS = withOtherS(signature)
      expect(isHighS(highS)).toBe(true)
      expect(provider.p256VerifySync(keys().public.p256, Uint8Array.of(count), highS)).toBe(false)
      expect(await provider.p256Verify(keys().public.p256, Uint8Array.of(count), highS)).toBe(false)
    }
  })

  it('answers false, and does not throw, for another message, digest or key', async () => {
    const [p256, mlDsa] = [await provider.p256Sign(keys(), message), await provider.mlDsaSign(keys(), digest)]
    const slhDsa = slhDsaOf[provider.name] as Uint8Array
    const { public: mine } = keys()
    const { public: theirs } = other()
    expect(await provider.p256Verify(mine.p256, digest, p256)).toBe(false)
    expect(await provider.p256Verify(theirs.p256, message, p256)).toBe(false)
    expect(await provider.mlDsaVerify(mine.mlDsa, message, mlDsa)).toBe(false)
    expect(await provider.mlDsaVerify(theirs.mlDsa, digest, mlDsa)).toBe(false)
    expect(await provider.slhDsaVerify(mine.slhDsa, message, slhDsa)).toBe(false)
    expect(await provider.slhDsaVerify(theirs.slhDsa, digest, slhDsa)).toBe(false)
  })

  it('answers false for keys and signatures of another size', async () => {
    const { public: mine } = keys()
    for (const size of [0, 63, 65, 1311, 1313, 2419, 2421, 7855, 7857]) {
      const bytes = new Uint8Array(size)
      expect(await provider.p256Verify(mine.p256, message, bytes)).toBe(false)
      expect(await provider.mlDsaVerify(mine.mlDsa, digest, bytes)).toBe(false)
      expect(await provider.slhDsaVerify(mine.slhDsa, digest, bytes)).toBe(false)
      expect(await provider.p256Verify(bytes, message, new Uint8Array(64))).toBe(false)
      expect(await provider.mlDsaVerify(bytes, digest, new Uint8Array(2420))).toBe(false)
      expect(await provider.slhDsaVerify(bytes, digest, new Uint8Array(7856))).toBe(false)
      expect(provider.p256VerifySync(bytes, message, bytes)).toBe(false)
      expect(provider.mlDsaVerifySync(bytes, digest, bytes)).toBe(false)
    }
  })

  it('answers false for a point off the curve, and for r or s of 0 or of the order', async () => {
    const { public: mine } = keys()
    const offCurve = mine.p256.slice()
    offCurve[63] = (offCurve[63] as number) ^ 1
    const signature = await provider.p256Sign(keys(), message)
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    for (const publicKey of [offCurve, new Uint8Array(64), new Uint8Array(64).fill(0xff)])
      expect(provider.p256VerifySync(publicKey, message, signature)).toBe(false)
    for (const scalar of [new Uint8Array(32), order]) {
      for (const offset of [0, 32]) {
        const altered = signature.slice()
        altered.set(scalar, offset)
        expect(provider.p256VerifySync(mine.p256, message, altered)).toBe(false)
      }
    }
  })

  it('refuses a P-256 or ML-DSA signature with any byte altered', async () => {
    const [p256, mlDsa] = [await provider.p256Sign(keys(), message), await provider.mlDsaSign(keys(), digest)]
    const step = provider === native ? 1 : 97
    for (let offset = 0; offset < 64; offset++)
      expect(provider.p256VerifySync(keys().public.p256, message, flipped(p256, offset))).toBe(false)
    for (let offset = 0; offset < 2420; offset += step)
      expect(
        provider.mlDsaVerifySync(keys().public.mlDsa, digest, flipped(mlDsa, offset)),
        `byte ${offset}`,
      ).toBe(false)
  })

  it('refuses an SLH-DSA signature with any part altered', async () => {
    const slhDsa = slhDsaOf[provider.name] as Uint8Array
    const step = provider === native ? 15 : 491
    for (let offset = 0; offset < 7856; offset += step)
      expect(await provider.slhDsaVerify(keys().public.slhDsa, digest, flipped(slhDsa, offset))).toBe(false)
  })
})

describe('keys from a seed', () => {
  it('are the same with every provider, and sign with both', async () => {
    const seed = new Uint8Array(32).fill(7)
    const [one, two] = [native.keysFromSeed(seed), portable.keysFromSeed(seed)]
    expect(one.public).toEqual(two.public)
    expect(KeySet.secretOf(one)).toEqual(KeySet.secretOf(two))
    const signature = await native.slhDsaSign(one, digest)
    expect(await portable.slhDsaVerify(two.public.slhDsa, digest, signature)).toBe(true)
    expect(native.p256VerifySync(two.public.p256, message, await portable.p256Sign(two, message))).toBe(true)
    expect(native.mlDsaVerifySync(two.public.mlDsa, digest, await native.mlDsaSign(one, digest))).toBe(true)
  })

  it('are refused for a seed of another size', () => {
    expect(() => native.keysFromSeed(new Uint8Array(31))).toThrow(
      expect.objectContaining({ code: 'keys.seed' }),
    )
  })
})

describe('signatures', () => {
  it('differ each time where they are hedged, and repeat where they are deterministic', async () => {
    const keys = keysOf.native as KeySet
    const deterministic = portableProvider({ deterministic: true })
    for (const provider of [native, portable])
      expect(await provider.mlDsaSign(keys, digest)).not.toEqual(await provider.mlDsaSign(keys, digest))
    expect(await deterministic.mlDsaSign(keys, digest)).toEqual(await deterministic.mlDsaSign(keys, digest))
  })
})

describe('a key set', () => {
  it('shows no secret when it is printed or serialised', () => {
    const keys = keysOf.native as KeySet
    const shown =
      inspect(keys, { showHidden: true, depth: null, maxArrayLength: null }) + JSON.stringify(keys)
    for (const secret of Object.values(KeySet.secretOf(keys))) {
      expect(shown).not.toContain([...secret.subarray(0, 16)].join(', '))
      expect(shown).not.toContain(toHex(secret).slice(2))
      expect(shown).not.toContain(`"0":${secret[0]},"1":${secret[1]},"2":${secret[2]},"3":${secret[3]}`)
    }
  })
})

function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice()
  copy[offset] = (copy[offset] as number) ^ (1 << (offset & 7))
  return copy
}
