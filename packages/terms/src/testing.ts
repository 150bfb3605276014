/** A complete, deterministic agreement for tests: keys from fixed seeds, terms from a draft. Never for anything of value. */
import { type CryptoProvider, type KeySet, native } from '@consign/envelope'
import { type Hex, numberToHex, sha256, stringToBytes, toBytes } from 'viem'
import type { Terms } from './clauses.ts'
import type { TermsDraft } from './draft.ts'
import { type DraftFacts, deviceIdentity, draftTerms } from './draft-terms.ts'
import { type PartyKeys, partyIdentity, partyKeysFromSeed } from './party-keys.ts'
import { ssccWithCheckDigit } from './sscc.ts'

export const SAMPLE_DRAFT: TermsDraft = {
  parties: [
    { name: 'factory', role: 'payer' },
    { name: 'supplier', role: 'payee', amountTokens: '200' },
    { name: 'shipper-x', role: 'carrier', amountTokens: '50' },
    { name: 'shipper-y', role: 'carrier', amountTokens: '50' },
  ],
  limits: [{ metric: 'temperature', above: 40, penaltyTokens: '10' }],
  route: { origin: 'Supplier', destination: 'Factory' },
}

export type SampleAgreement = {
  terms: Terms
  /** By name of the draft. */
  parties: Record<string, PartyKeys>
  device: KeySet
  facts: DraftFacts
}

const seedOf = (label: string): Uint8Array => sha256(stringToBytes(`consign sample ${label}`), 'bytes')
const addressOf = (label: string): Hex => `0x${sha256(seedOf(label)).slice(26)}`

// Making SLH-DSA keys takes a quarter of a second, and a seed gives the same ones with every provider.
const made = new Map<string, unknown>()
function once<T>(label: string, make: (seed: Uint8Array) => T): T {
  if (!made.has(label)) made.set(label, make(seedOf(label)))
  return made.get(label) as T
}

/** The same `draft` and `overrides` give the same agreement, to the byte. */
export function sampleAgreement(
  draft: TermsDraft = SAMPLE_DRAFT,
  overrides: Partial<Omit<DraftFacts, 'parties' | 'device'>> = {},
  crypto: CryptoProvider = native,
): SampleAgreement {
  const parties = Object.fromEntries(
    draft.parties.map(({ name }) => [name, once(`party ${name}`, (seed) => partyKeysFromSeed(seed, crypto))]),
  )
  const device = once('device', (seed) => crypto.keysFromSeed(seed))
  const facts: DraftFacts = {
    chainId: 31_337,
    token: addressOf('token'),
    anchorWriter: addressOf('anchor writer'),
    nowMs: Date.UTC(2026, 10, 1),
    shipment: ssccWithCheckDigit('34012345000000001'),
    ...overrides,
    parties: Object.fromEntries(Object.entries(parties).map(([name, keys]) => [name, partyIdentity(keys)])),
    // Only a secure element can be held to a tamper clause.
    device: deviceIdentity(device.public, addressOf('provisioner'), draft.tamper ? 'secureElement' : 'file'),
  }
  let salts = 0
  const countedSalt = () => {
    salts += 1
    return toBytes(sha256(numberToHex(salts, { size: 32 })))
  }
  return { terms: draftTerms(draft, facts, countedSalt), parties, device, facts }
}
