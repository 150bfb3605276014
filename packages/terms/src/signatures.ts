/**
 * Party signatures: wallet ECDSA over EIP-712 (contracts check it too) plus ML-DSA-44 over the same 32-byte digest; the post-quantum keys are those that
 * the party's clause names. Acceptances, which carry SLH-DSA too, are in acceptance.ts.
 */
import { type CryptoProvider, Refusal } from '@consign/envelope'
import { bytesToHex, type Hex, hexToBytes, recoverAddress } from 'viem'
import type { PartyClause } from './clauses.ts'
import type { PartyKeys } from './party-keys.ts'
import {
  type AcceptDomain,
  type Acknowledgement,
  type AgreementDomain,
  type AgreementMessage,
  acknowledgementDigest,
  acknowledgementTypedData,
  agreementDigest,
  agreementTypedData,
  type ManualCut,
  manualCutDigest,
  manualCutTypedData,
  type TenderRefusal,
  tenderRefusalDigest,
  tenderRefusalTypedData,
} from './typed-data.ts'

/** Hex: ECDSA 65 bytes `r ‖ s ‖ v` (v 27 or 28), ML-DSA-44 2420 bytes. */
export type PartySignature = { ecdsa: Hex; mlDsa: Hex }
/** Whose signatures count: a party as its clause names it, or its delegate. */
export type Signer = Pick<PartyClause, 'name' | 'wallet' | 'mlDsaKey' | 'slhDsaKey'>

export async function signAgreement(
  crypto: CryptoProvider,
  keys: PartyKeys,
  domain: AgreementDomain,
  message: AgreementMessage,
): Promise<PartySignature> {
  const ecdsa = await keys.wallet.signTypedData(agreementTypedData(domain, message))
  return signBoth(crypto, keys, agreementDigest(domain, message), ecdsa)
}

/** Throws Refusal 'terms.signature.party' (not the payer or payee named), 'terms.signature.ecdsa', 'terms.signature.mlDsa'. */
export async function verifyAgreementSignature(
  crypto: CryptoProvider,
  party: PartyClause,
  domain: AgreementDomain,
  message: AgreementMessage,
  signature: PartySignature,
): Promise<void> {
  const signers = [message.payer.toLowerCase(), message.payee.toLowerCase()]
  if (!signers.includes(party.wallet)) {
    throw new Refusal('terms.signature.party', `${party.name} is neither payer nor payee of this agreement`)
  }
  const digest = agreementDigest(domain, message)
  await checkBoth('terms', crypto, party, digest, signature)
}

export async function signManualCut(
  crypto: CryptoProvider,
  keys: PartyKeys,
  where: AcceptDomain,
  cut: ManualCut,
): Promise<PartySignature> {
  const ecdsa = await keys.wallet.signTypedData(manualCutTypedData(where, cut))
  return signBoth(crypto, keys, manualCutDigest(where, cut), ecdsa)
}

export async function signTenderRefusal(
  crypto: CryptoProvider,
  keys: PartyKeys,
  where: AcceptDomain,
  refusal: TenderRefusal,
): Promise<PartySignature> {
  const ecdsa = await keys.wallet.signTypedData(tenderRefusalTypedData(where, refusal))
  return signBoth(crypto, keys, tenderRefusalDigest(where, refusal), ecdsa)
}

export async function signAcknowledgement(
  crypto: CryptoProvider,
  keys: PartyKeys,
  where: AcceptDomain,
  acknowledgement: Acknowledgement,
): Promise<PartySignature> {
  const ecdsa = await keys.wallet.signTypedData(acknowledgementTypedData(where, acknowledgement))
  return signBoth(crypto, keys, acknowledgementDigest(where, acknowledgement), ecdsa)
}

/**
 * Checks one custodian's signature under a manual cut, and that the cut is of the taker's amounts; returns its digest. That `signer` is the
 * custodian of the leg or the taker is for the caller. Throws Refusal 'manualCut.party', 'manualCut.amount', 'manualCut.penaltyMax',
 * 'manualCut.signature.ecdsa', 'manualCut.signature.mlDsa'.
 */
export async function verifyManualCut(
  crypto: CryptoProvider,
  signer: PartyClause,
  taker: PartyClause,
  where: AcceptDomain,
  cut: ManualCut,
  signature: PartySignature,
): Promise<Hex> {
  if (cut.to.toLowerCase() !== taker.wallet) {
    throw new Refusal(
      'manualCut.party',
      `the goods pass to ${cut.to}, not to ${taker.name} (${taker.wallet})`,
    )
  }
  if (cut.amount !== BigInt(taker.amount)) {
    throw new Refusal('manualCut.amount', `the cut says amount ${cut.amount}; the terms say ${taker.amount}`)
  }
  if (cut.penaltyMax !== BigInt(taker.penaltyCap)) {
    throw new Refusal(
      'manualCut.penaltyMax',
      `the cut says penaltyMax ${cut.penaltyMax}; the terms say ${taker.penaltyCap}`,
    )
  }
  const digest = manualCutDigest(where, cut)
  await checkBoth('manualCut', crypto, signer, digest, signature)
  return digest
}

/** Throws Refusal 'tenderRefusal.party' (not the payer), 'tenderRefusal.signature.ecdsa', 'tenderRefusal.signature.mlDsa'. */
export async function verifyTenderRefusal(
  crypto: CryptoProvider,
  party: PartyClause,
  where: AcceptDomain,
  refusal: TenderRefusal,
  signature: PartySignature,
): Promise<Hex> {
  if (party.role !== 'payer') {
    throw new Refusal('tenderRefusal.party', `${party.name} is not the payer, who alone can refuse a tender`)
  }
  const digest = tenderRefusalDigest(where, refusal)
  await checkBoth('tenderRefusal', crypto, party, digest, signature)
  return digest
}

/** Throws Refusal 'acknowledgement.party', 'acknowledgement.signature.ecdsa', 'acknowledgement.signature.mlDsa'. */
export async function verifyAcknowledgement(
  crypto: CryptoProvider,
  party: PartyClause,
  where: AcceptDomain,
  acknowledgement: Acknowledgement,
  signature: PartySignature,
): Promise<Hex> {
  if (acknowledgement.party.toLowerCase() !== party.wallet) {
    throw new Refusal(
      'acknowledgement.party',
      `the acknowledgement is by ${acknowledgement.party}, not by ${party.name} (${party.wallet})`,
    )
  }
  const digest = acknowledgementDigest(where, acknowledgement)
  await checkBoth('acknowledgement', crypto, party, digest, signature)
  return digest
}

async function signBoth(
  crypto: CryptoProvider,
  keys: PartyKeys,
  digest: Hex,
  ecdsa: Hex,
): Promise<PartySignature> {
  return { ecdsa, mlDsa: bytesToHex(await crypto.mlDsaSign(keys.pq, hexToBytes(digest))) }
}

async function checkBoth(
  what: string,
  crypto: CryptoProvider,
  party: PartyClause,
  digest: Hex,
  signature: PartySignature,
): Promise<void> {
  await checkEcdsa(`${what}.signature.ecdsa`, party, digest, signature.ecdsa)
  await checkMlDsa(`${what}.signature.mlDsa`, crypto, party, digest, signatureBytes(signature.mlDsa))
}

const SECP256K1_HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/** As strict as OpenZeppelin's ECDSA, so that nothing passes here which the contract refuses: 65 bytes, low s, v 27 or 28. */
export async function checkEcdsa(code: string, by: Signer, hash: Hex, signature: Hex): Promise<void> {
  const strict =
    /^0x[0-9a-f]{128}(1b|1c)$/.test(signature) &&
    BigInt(`0x${signature.slice(66, 130)}`) <= SECP256K1_HALF_ORDER
  const signer = strict ? await recoverAddress({ hash, signature }).catch(() => undefined) : undefined
  if (signer?.toLowerCase() !== by.wallet) {
    throw new Refusal(code, `the wallet signature is not by ${by.name} (${by.wallet}); sign it again`)
  }
}

export async function checkMlDsa(
  code: string,
  crypto: CryptoProvider,
  by: Signer,
  digest: Hex,
  signature: Uint8Array,
): Promise<void> {
  if (!(await crypto.mlDsaVerify(hexToBytes(by.mlDsaKey), hexToBytes(digest), signature))) {
    throw new Refusal(code, `the ML-DSA signature is not by ${by.name}; sign it again`)
  }
}

export async function checkSlhDsa(
  code: string,
  crypto: CryptoProvider,
  by: Signer,
  digest: Hex,
  signature: Uint8Array,
): Promise<void> {
  if (!(await crypto.slhDsaVerify(hexToBytes(by.slhDsaKey), hexToBytes(digest), signature))) {
    throw new Refusal(code, `the SLH-DSA signature is not by ${by.name}; sign it again`)
  }
}

// Anything that is not even hex verifies as no signature at all.
function signatureBytes(signature: Hex): Uint8Array {
  return /^0x([0-9a-f]{2})*$/.test(signature) ? hexToBytes(signature) : new Uint8Array()
}
