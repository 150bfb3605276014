/**
 * Who takes the goods: an Accept is signed by the party's wallet, ML-DSA and SLH-DSA keys, or by those of a delegate together with the Delegation that the
 * party signed with its own. Services and devices check all of it; the contract the wallets, and SLH-DSA after a contest. docs/formats.md, EIP-712.
 */
import {
  type Accept,
  ALL_AGREEMENTS,
  type CryptoProvider,
  type Delegation,
  Refusal,
  type SignedAccept,
  type SignedDelegation,
} from '@consign/envelope'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import type { PartyClause } from './clauses.ts'
import type { PartyKeys } from './party-keys.ts'
import { checkEcdsa, checkMlDsa, checkSlhDsa, type Signer } from './signatures.ts'
import {
  type AcceptDomain,
  acceptDigest,
  acceptTypedData,
  delegationDigest,
  delegationTypedData,
} from './typed-data.ts'

/** `keys`: the party's, or with a `delegation` the delegate's. */
export async function signAccept(
  crypto: CryptoProvider,
  keys: PartyKeys,
  domain: AcceptDomain,
  accept: Accept,
  delegation?: SignedDelegation,
): Promise<SignedAccept> {
  const digest = hexToBytes(acceptDigest(domain, accept))
  return {
    record: accept,
    ecdsa: hexToBytes(await keys.wallet.signTypedData(acceptTypedData(domain, accept))),
    mlDsa: await crypto.mlDsaSign(keys.pq, digest),
    slhDsa: await crypto.slhDsaSign(keys.pq, digest),
    ...(delegation ? { delegation } : {}),
  }
}

/** `keys`: the party's. */
export async function signDelegation(
  crypto: CryptoProvider,
  keys: PartyKeys,
  chainId: number,
  record: Delegation,
): Promise<SignedDelegation> {
  const digest = hexToBytes(delegationDigest(chainId, record))
  return {
    record,
    ecdsa: hexToBytes(await keys.wallet.signTypedData(delegationTypedData(chainId, record))),
    mlDsa: await crypto.mlDsaSign(keys.pq, digest),
    slhDsa: await crypto.slhDsaSign(keys.pq, digest),
  }
}

/**
 * Checks the acceptance against the taker's clause and all signatures; returns acceptDigest. That it answers the open offer and names these terms is for
 * the caller, who knows them. `atMs`: UTC by the device's clock as far as it is known, by which a delegation may have expired; 0 when it is not. Throws
 * Refusal 'accept.party', 'accept.amount', 'accept.penaltyMax', 'accept.signature.ecdsa', '.mlDsa', '.slhDsa'; for a delegate's also those of
 * verifyDelegation, and 'delegation.delegate' when another wallet than the delegate's signed.
 */
export async function verifyAccept(
  crypto: CryptoProvider,
  party: PartyClause,
  domain: AcceptDomain,
  signed: SignedAccept,
  atMs: number,
): Promise<Hex> {
  const { record, delegation } = signed
  if (record.party.toLowerCase() !== party.wallet) {
    throw new Refusal(
      'accept.party',
      `the acceptance is by ${record.party}, not by ${party.name} (${party.wallet})`,
    )
  }
  if (record.amount !== BigInt(party.amount)) {
    throw new Refusal(
      'accept.amount',
      `${party.name} accepted amount ${record.amount}; the terms say ${party.amount}`,
    )
  }
  if (record.penaltyMax !== BigInt(party.penaltyCap)) {
    throw new Refusal(
      'accept.penaltyMax',
      `${party.name} accepted penaltyMax ${record.penaltyMax}; the terms say ${party.penaltyCap}`,
    )
  }
  const digest = acceptDigest(domain, record)
  if (delegation) {
    await verifyDelegation(crypto, party, domain.chainId, delegation, { termsHash: record.termsHash, atMs })
    await checkAll('accept', crypto, delegateOf(delegation, party), digest, signed, 'delegation.delegate')
  } else await checkAll('accept', crypto, party, digest, signed)
  return digest
}

/**
 * Whether the party let its delegate accept under these terms, at `atMs`. Throws Refusal 'delegation.party' (by another party), 'delegation.scope' (for
 * another agreement), 'delegation.expired', 'delegation.signature.ecdsa', '.mlDsa', '.slhDsa'.
 */
export async function verifyDelegation(
  crypto: CryptoProvider,
  party: PartyClause,
  chainId: number,
  signed: SignedDelegation,
  { termsHash, atMs }: { termsHash: Hex; atMs: number },
): Promise<void> {
  const { record } = signed
  if (record.party !== party.wallet) {
    throw new Refusal(
      'delegation.party',
      `the delegation is by ${record.party}, not by ${party.name} (${party.wallet}), who takes the goods`,
    )
  }
  if (record.scope !== ALL_AGREEMENTS && record.scope !== termsHash) {
    throw new Refusal(
      'delegation.scope',
      `${party.name} delegated for the agreement on terms ${record.scope} alone; get a delegation for ${termsHash}`,
    )
  }
  checkNotExpired(record, atMs)
  await checkAll('delegation', crypto, party, delegationDigest(chainId, record), signed)
}

/** Throws Refusal 'delegation.expired'. */
export function checkNotExpired({ notAfterMs }: Delegation, atMs: number): void {
  if (atMs <= notAfterMs) return
  const [until, at] = [notAfterMs, atMs].map((ms) => new Date(ms).toISOString())
  throw new Refusal(
    'delegation.expired',
    `the delegation ended at ${until}, and it was ${at} already; get a new one from the party`,
  )
}

const delegateOf = ({ record }: SignedDelegation, party: PartyClause): Signer => ({
  name: `the delegate of ${party.name}`,
  wallet: record.delegate,
  mlDsaKey: bytesToHex(record.mlDsaKey),
  slhDsaKey: bytesToHex(record.slhDsaKey),
})

/** `walletCode`: of the refusal of the wallet's signature. */
async function checkAll(
  what: string,
  crypto: CryptoProvider,
  signer: Signer,
  digest: Hex,
  { ecdsa, mlDsa, slhDsa }: { ecdsa: Uint8Array; mlDsa: Uint8Array; slhDsa: Uint8Array },
  walletCode = `${what}.signature.ecdsa`,
): Promise<void> {
  await checkEcdsa(walletCode, signer, digest, bytesToHex(ecdsa))
  await checkMlDsa(`${what}.signature.mlDsa`, crypto, signer, digest, mlDsa)
  await checkSlhDsa(`${what}.signature.slhDsa`, crypto, signer, digest, slhDsa)
}
