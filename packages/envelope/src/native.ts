/**
 * The native provider: node:crypto of Node 26 (OpenSSL 3.5) for P-256, ML-DSA-44 (FIPS 204) and SLH-DSA-SHA2-128s (FIPS 205).
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { KeyCache } from './key-cache.ts'
import { deriveKeySet } from './key-derivation.ts'
import { KeySet } from './key-set.ts'
import {
  ML_DSA_KEY_BYTES,
  ML_DSA_SIGNATURE_BYTES,
  P256_KEY_BYTES,
  P256_SIGNATURE_BYTES,
  SLH_DSA_KEY_BYTES,
  SLH_DSA_SIGNATURE_BYTES,
} from './keys.ts'
import { isHighS, toLowS } from './p256-order.ts'
import type { CryptoProvider } from './provider.ts'

const ML_DSA = 'ml-dsa-44'
const SLH_DSA = 'slh-dsa-sha2-128s'

// 2048 legs × (1312 bytes of name + about 12 KiB of OpenSSL key) = 27 MiB at most.
const PUBLIC_KEYS_MAX = 2048

type P256Key = { key: KeyObject; dsaEncoding: 'ieee-p1363' }

const signOnPool = promisify(sign)
const verifyOnPool = promisify(verify)

const p256Keys = new KeyCache<P256Key>(PUBLIC_KEYS_MAX, (bytes) => {
  if (bytes.length !== P256_KEY_BYTES) return undefined
  const key = imported({
    key: Buffer.concat([Uint8Array.of(0x04), bytes]),
    format: 'raw-public',
    asymmetricKeyType: 'ec',
    namedCurve: 'P-256',
  })
  return key && { key, dsaEncoding: 'ieee-p1363' }
})
const mlDsaKeys = new KeyCache<KeyObject>(PUBLIC_KEYS_MAX, (bytes) =>
  bytes.length === ML_DSA_KEY_BYTES
    ? imported({ key: Buffer.from(bytes), format: 'raw-public', asymmetricKeyType: ML_DSA })
    : undefined,
)
const slhDsaKeys = new KeyCache<KeyObject>(PUBLIC_KEYS_MAX, (bytes) =>
  bytes.length === SLH_DSA_KEY_BYTES
    ? imported({ key: Buffer.from(bytes), format: 'raw-public', asymmetricKeyType: SLH_DSA })
    : undefined,
)

// A point off the curve cannot be imported; whoever signed with such a key signed nothing.
function imported(input: Parameters<typeof createPublicKey>[0]): KeyObject | undefined {
  try {
    return createPublicKey(input)
  } catch {
    return undefined
  }
}

type PrivateKeys = { p256: P256Key; mlDsa: KeyObject; slhDsa: KeyObject }
const privateKeys = new WeakMap<KeySet, PrivateKeys>()

function privateKeysOf(keys: KeySet): PrivateKeys {
  const known = privateKeys.get(keys)
  if (known) return known
  const secret = KeySet.secretOf(keys)
  const made: PrivateKeys = {
    p256: {
      key: createPrivateKey({
        key: Buffer.from(secret.p256),
        format: 'raw-private',
        asymmetricKeyType: 'ec',
        namedCurve: 'P-256',
      }),
      dsaEncoding: 'ieee-p1363',
    },
    mlDsa: createPrivateKey({
      key: Buffer.from(secret.mlDsa),
      format: 'raw-seed',
      asymmetricKeyType: ML_DSA,
    }),
    slhDsa: createPrivateKey({
      key: Buffer.from(secret.slhDsa),
      format: 'raw-private',
      asymmetricKeyType: SLH_DSA,
    }),
  }
  privateKeys.set(keys, made)
  return made
}

function generateKeys(): KeySet {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const mlDsa = generateKeyPairSync(ML_DSA)
  const slhDsa = generateKeyPairSync(SLH_DSA)
  return new KeySet(
    {
      p256: plain(p256.publicKey.export({ format: 'raw-public' }).subarray(1)),
      mlDsa: plain(mlDsa.publicKey.export({ format: 'raw-public' })),
      slhDsa: plain(slhDsa.publicKey.export({ format: 'raw-public' })),
    },
    {
      p256: plain(p256.privateKey.export({ format: 'raw-private' })),
      mlDsa: plain(mlDsa.privateKey.export({ format: 'raw-seed' })),
      slhDsa: plain(slhDsa.privateKey.export({ format: 'raw-private' })),
    },
  )
}

// Buffers share pools and slice without copying; what leaves this file is a Uint8Array of its own.
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function isP256Form(signature: Uint8Array): boolean {
  return signature.length === P256_SIGNATURE_BYTES && !isHighS(signature)
}

/** node:crypto. P-256 and ML-DSA sign on the calling thread (under 1 ms), SLH-DSA on the pool; the `Sync` checks on the calling thread, the others on the pool. */
export const native: CryptoProvider = {
  name: 'native',
  generateKeys,
  keysFromSeed: deriveKeySet,
  // Half of OpenSSL's signatures are high-s, which contracts and noble refuse.
  p256Sign: async (keys, message) => toLowS(plain(sign('sha256', message, privateKeysOf(keys).p256))),
  mlDsaSign: async (keys, digest) => plain(sign(null, digest, privateKeysOf(keys).mlDsa)),
  slhDsaSign: async (keys, digest) => plain(await signOnPool(null, digest, privateKeysOf(keys).slhDsa)),
  p256Verify: async (publicKey, message, signature) => {
    const key = p256Keys.get(publicKey)
    return key !== undefined && isP256Form(signature) && verifyOnPool('sha256', message, key, signature)
  },
  mlDsaVerify: async (publicKey, digest, signature) => {
    const key = mlDsaKeys.get(publicKey)
    return (
      key !== undefined &&
      signature.length === ML_DSA_SIGNATURE_BYTES &&
      verifyOnPool(null, digest, key, signature)
    )
  },
  slhDsaVerify: async (publicKey, digest, signature) => {
    const key = slhDsaKeys.get(publicKey)
    return (
      key !== undefined &&
      signature.length === SLH_DSA_SIGNATURE_BYTES &&
      verifyOnPool(null, digest, key, signature)
    )
  },
  p256VerifySync: (publicKey, message, signature) => {
    const key = p256Keys.get(publicKey)
    return key !== undefined && isP256Form(signature) && verify('sha256', message, key, signature)
  },
  mlDsaVerifySync: (publicKey, digest, signature) => {
    const key = mlDsaKeys.get(publicKey)
    return (
      key !== undefined && signature.length === ML_DSA_SIGNATURE_BYTES && verify(null, digest, key, signature)
    )
  },
}
