import { createPrivateKey, createPublicKey, decapsulate, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { describe, expect, it } from 'vitest'

// NIST's own vectors, kept beside the repository. They check what both providers stand on; the ML-KEM inside the sessions' HPKE library is
// checked against noble's in session.test.ts.
const FOLDER = new URL('../../../../shared/data/acvp/', import.meta.url)

type Vector = {
  tcId: number
  testPassed: boolean
  pk: string
  message: string
  context: string
  signature: string
  ek: string
  dk: string
  d: string
  z: string
  c: string
  k: string
  m: string
}

function vectorsOf(file: string, wanted?: { function: string; keyFormat?: string }): Vector[] {
  const { testGroups } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as {
    testGroups: { function?: string; keyFormat?: string; tests: Vector[] }[]
  }
  const groups = testGroups.filter(
    (group) =>
      wanted === undefined ||
      (group.function === wanted.function && group.keyFormat === (wanted.keyFormat ?? group.keyFormat)),
  )
  return groups.flatMap((group) => group.tests)
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex')
}

function holds(check: () => unknown): boolean {
  try {
    return check() !== false
  } catch {
    return false
  }
}

describe.skipIf(!existsSync(FOLDER))('NIST ACVP', () => {
  it('ML-DSA-44 signatures are accepted and refused alike by node:crypto and noble', () => {
    const vectors = vectorsOf('ML-DSA-44-sigVer.json')
    expect(new Set(vectors.map(({ testPassed }) => testPassed))).toEqual(new Set([true, false]))
    for (const { tcId, testPassed, pk, message, context, signature } of vectors) {
      const key = createPublicKey({ key: bytes(pk), format: 'raw-public', asymmetricKeyType: 'ml-dsa-44' })
      const native = verify(null, bytes(message), { key, context: bytes(context) }, bytes(signature))
      const portable = holds(() =>
        ml_dsa44.verify(bytes(signature), bytes(message), bytes(pk), { context: bytes(context) }),
      )
      expect({ tcId, native, portable }).toEqual({ tcId, native: testPassed, portable: testPassed })
    }
  })

  it('ML-KEM-768 encapsulates to the published ciphertext and secret', () => {
    const vectors = vectorsOf('ML-KEM-768.json', { function: 'encapsulation' })
    expect(vectors.length).toBe(25)
    for (const { ek, m, c, k } of vectors) {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(bytes(ek), bytes(m))
      expect(bytes(c).equals(cipherText)).toBe(true)
      expect(bytes(k).equals(sharedSecret)).toBe(true)
    }
  })

  it('ML-KEM-768 decapsulates to the published secrets, altered ciphertexts included', () => {
    const vectors = vectorsOf('ML-KEM-768.json', { function: 'decapsulation' })
    expect(vectors.length).toBe(20)
    for (const { dk, d, z, c, k } of vectors) {
      expect(bytes(k).equals(ml_kem768.decapsulate(bytes(c), bytes(dk)))).toBe(true)
      const seed = Buffer.concat([bytes(d), bytes(z)])
      const key = createPrivateKey({ key: seed, format: 'raw-seed', asymmetricKeyType: 'ml-kem-768' })
      expect(bytes(k).equals(decapsulate(key, bytes(c)))).toBe(true)
    }
  })

  it('ML-KEM-768 keys that are none are refused', () => {
    const publicKeys = vectorsOf('ML-KEM-768.json', { function: 'encapsulationKeyCheck' })
    const privateKeys = vectorsOf('ML-KEM-768.json', { function: 'decapsulationKeyCheck' })
    expect([publicKeys.length, privateKeys.length]).toEqual([10, 10])
    const ciphertext = new Uint8Array(1088)
    for (const { tcId, ek, testPassed } of publicKeys)
      expect({ tcId, taken: holds(() => ml_kem768.encapsulate(bytes(ek))) }).toEqual({
        tcId,
        taken: testPassed,
      })
    for (const { tcId, dk, testPassed } of privateKeys)
      expect({ tcId, taken: holds(() => ml_kem768.decapsulate(ciphertext, bytes(dk))) }).toEqual({
        tcId,
        taken: testPassed,
      })
  })
})
