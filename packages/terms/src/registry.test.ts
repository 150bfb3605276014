import { native } from '@consign/envelope'
import { concatHex, type Hex, hexToBytes, sha256 } from 'viem'
import { expect, it } from 'vitest'
import { registryKeys, revocationDigest, rotationDigest, signRevocation, signRotation } from './registry.ts'
import { sampleAgreement } from './testing.ts'

const { parties } = sampleAgreement()
const keysOf = (name: string) => parties[name] as NonNullable<(typeof parties)[string]>
const present = keysOf('supplier')
const next = registryKeys(keysOf('shipper-x'))
const of = {
  chainId: 31_337,
  registry: '0x4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e' as Hex,
  party: present.wallet.address,
  version: 3,
}

it('digests tag, suite, chain, registry, party, version and new keys', () => {
  const prefix = concatHex([
    '0x01',
    '0x0000000000007a69',
    of.registry,
    of.party.toLowerCase() as Hex,
    '0x00000003',
  ])
  const rotate: Hex = '0x636f6e7369676e2e726f746174650000' // "consign.rotate" and two zeros
  const revoke: Hex = '0x636f6e7369676e2e7265766f6b650000' // "consign.revoke" and two zeros
  expect(rotationDigest(of, next)).toBe(
    sha256(concatHex([rotate, prefix, next.mlDsaKeyHash, next.slhDsaKey])),
  )
  expect(revocationDigest(of)).toBe(sha256(concatHex([revoke, prefix])))
})

it('digests differ by chain, registry, party, version and key', () => {
  const digests = [
    rotationDigest(of, next),
    rotationDigest({ ...of, chainId: 1 }, next),
    rotationDigest({ ...of, registry: present.wallet.address }, next),
    rotationDigest({ ...of, party: of.registry }, next),
    rotationDigest({ ...of, version: 4 }, next),
    rotationDigest(of, { ...next, mlDsaKeyHash: next.slhDsaKey }),
    rotationDigest(of, { ...next, slhDsaKey: next.mlDsaKeyHash }),
    revocationDigest(of),
  ]
  expect(new Set(digests).size).toBe(digests.length)
})

it('signs with the present key, not with the new one', async () => {
  const rotation = await signRotation(native, present, of, next)
  const revocation = await signRevocation(native, present, of)
  const verify = (key: Hex, digest: Hex, signature: Hex) =>
    native.slhDsaVerify(hexToBytes(key), hexToBytes(digest), hexToBytes(signature))
  const own = registryKeys(present).slhDsaKey
  expect(await verify(own, rotationDigest(of, next), rotation)).toBe(true)
  expect(await verify(own, revocationDigest(of), revocation)).toBe(true)
  expect(await verify(next.slhDsaKey, rotationDigest(of, next), rotation)).toBe(false)
  expect(await verify(own, revocationDigest(of), rotation)).toBe(false)
})
