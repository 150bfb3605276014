// Writes contracts/test/vectors/party-registry.json: what a party signs for the registry, as @consign/terms digests it, for forge's tests to check
// contract and verifier against. Keys follow from labels, and so do signatures: every run writes the same.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RegisteredParty, type RegistryKeys, revocationDigest, rotationDigest } from '@consign/terms'
import { slh_dsa_sha2_128s } from '@noble/post-quantum/slh-dsa.js'
import { bytesToHex, type Hex, hexToBytes, keccak256, stringToHex } from 'viem'
import { CONTRACTS } from './foundry.ts'
import { expand } from './slh-dsa.ts'

const [first, second] = ['first', 'second'].map((name) =>
  slh_dsa_sha2_128s.keygen(expand(`party ${name}`, 48)),
)
if (!first || !second) throw new Error('two key pairs are made')

const party: RegisteredParty = {
  chainId: 31_337,
  registry: '0x00000000000000000000000000000000000c0de5',
  party: '0x00000000000000000000000000000000000a11ce',
  version: 1,
}
const next: RegistryKeys = {
  mlDsaKeyHash: keccak256(stringToHex('second ML-DSA key')),
  slhDsaKey: bytesToHex(second.publicKey),
}

const signed = (digest: Hex, secretKey: Uint8Array) => ({
  digest,
  signature: bytesToHex(slh_dsa_sha2_128s.sign(hexToBytes(digest), secretKey, { extraEntropy: false })),
})

const vectors = {
  registry: party.registry,
  party: party.party,
  mlDsaKeyHash: keccak256(stringToHex('first ML-DSA key')),
  slhDsaKey: bytesToHex(first.publicKey),
  next,
  rotation: signed(rotationDigest(party, next), first.secretKey),
  revocation: signed(revocationDigest(party), first.secretKey),
  revocationAfterRotation: signed(revocationDigest({ ...party, version: 2 }), second.secretKey),
}
await writeFile(
  join(CONTRACTS, 'test/vectors/party-registry.json'),
  `${JSON.stringify(vectors, undefined, 2)}\n`,
)
