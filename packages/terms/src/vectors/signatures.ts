/** Vectors of everything that parties sign, by the parties of one sample agreement. */
import { type Accept, ALL_AGREEMENTS, native, pqKeyHash } from '@consign/envelope'
import { bytesToHex, type Hex, sha256 } from 'viem'
import { signAccept, signDelegation } from '../acceptance.ts'
import { agreementAddress } from '../address.ts'
import type { PartyKeys } from '../party-keys.ts'
import { registryKeys, revocationDigest, rotationDigest, signRevocation, signRotation } from '../registry.ts'
import { signAcknowledgement, signAgreement, signManualCut, signTenderRefusal } from '../signatures.ts'
import type { SampleAgreement } from '../testing.ts'
import {
  acceptDigest,
  acknowledgementDigest,
  agreementDigest,
  delegationDigest,
  manualCutDigest,
  tenderRefusalDigest,
} from '../typed-data.ts'
import { carriers, parties, payee, payer } from '../views.ts'
import { placeOf, repeat } from './place.ts'

export async function signatureVectors(sample: SampleAgreement) {
  return {
    about:
      'EIP-712 digests (keccak) and their signatures by the parties of the first agreement of terms.json, and digests (SHA-256) ' +
      'that the PartyRegistry takes under SLH-DSA.',
    agreement: await agreementVector(sample),
    accept: await acceptVector(sample),
    delegation: await delegationVector(sample),
    manualCut: await manualCutVector(sample),
    tenderRefusal: await tenderRefusalVector(sample),
    acknowledgement: await acknowledgementVector(sample),
    registry: await registryVectors(sample),
  }
}

function keysOf({ terms, parties: keys }: SampleAgreement, wallet: Hex): PartyKeys {
  const found = keys[parties(terms).find((party) => party.wallet === wallet)?.name ?? '']
  if (!found) throw new Error(`no keys for ${wallet}`)
  return found
}

function takerOf({ terms }: SampleAgreement) {
  const taker = carriers(terms)[0]
  if (!taker) throw new Error('vectors need terms with a carrier')
  return taker
}

const domainOf = ({ terms, facts }: SampleAgreement) => ({
  chainId: facts.chainId,
  agreement: agreementAddress(placeOf(terms)),
})

async function agreementVector(sample: SampleAgreement) {
  const { factory, termsHash, payer, payee } = placeOf(sample.terms)
  const message = { termsHash, payer, payee }
  const domain = { chainId: sample.facts.chainId, factory }
  return {
    domain,
    message,
    digest: agreementDigest(domain, message),
    payer: await signAgreement(native, keysOf(sample, payer), domain, message),
    payee: await signAgreement(native, keysOf(sample, payee), domain, message),
  }
}

async function acceptVector(sample: SampleAgreement) {
  const [taker, domain] = [takerOf(sample), domainOf(sample)]
  const accept: Accept = {
    offerDigest: repeat('0f', 32),
    party: taker.wallet,
    termsHash: placeOf(sample.terms).termsHash,
    amount: BigInt(taker.amount),
    penaltyMax: BigInt(taker.penaltyCap),
    reservationsHash: repeat('00', 32),
  }
  const signed = await signAccept(native, keysOf(sample, taker.wallet), domain, accept)
  return {
    domain,
    message: { ...accept, amount: String(accept.amount), penaltyMax: String(accept.penaltyMax) },
    digest: acceptDigest(domain, accept),
    ecdsa: bytesToHex(signed.ecdsa),
    mlDsa: bytesToHex(signed.mlDsa),
    slhDsa: bytesToHex(signed.slhDsa),
  }
}

/** The taker delegates to the payee's keys, which need not make sense to be a vector: for this agreement, and for all of its agreements. */
async function delegationVector(sample: SampleAgreement) {
  const { wallet: party } = takerOf(sample)
  const { chainId } = sample.facts
  const { wallet: delegate } = payee(sample.terms)
  const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = keysOf(sample, delegate).pq.public
  const one = async (scope: Hex) => {
    const record = { party, delegate, mlDsaKey, slhDsaKey, scope, notAfterMs: 1_793_600_000_000 }
    const signed = await signDelegation(native, keysOf(sample, party), chainId, record)
    return {
      message: {
        ...{ party, delegate, pqKeyHash: bytesToHex(pqKeyHash(record)), scope },
        notAfterMs: record.notAfterMs,
      },
      digest: delegationDigest(chainId, record),
      ecdsa: bytesToHex(signed.ecdsa),
      mlDsa: bytesToHex(signed.mlDsa),
      slhDsa: bytesToHex(signed.slhDsa),
    }
  }
  return {
    domain: { chainId },
    keys: {
      mlDsaKey: bytesToHex(mlDsaKey),
      mlDsaKeyHash: sha256(mlDsaKey),
      slhDsaKey: bytesToHex(slhDsaKey),
    },
    one: await one(placeOf(sample.terms).termsHash),
    all: await one(ALL_AGREEMENTS),
  }
}

async function manualCutVector(sample: SampleAgreement) {
  const [taker, domain] = [takerOf(sample), domainOf(sample)]
  const cut = {
    termsHash: placeOf(sample.terms).termsHash,
    leg: 0,
    n: 12,
    timeMs: 1_793_600_000_000n,
    to: taker.wallet,
    nextKeysHash: repeat('0d', 32),
    amount: BigInt(taker.amount),
    penaltyMax: BigInt(taker.penaltyCap),
    reasonsHash: repeat('0e', 32),
  }
  const amounts = {
    timeMs: Number(cut.timeMs),
    amount: String(cut.amount),
    penaltyMax: String(cut.penaltyMax),
  }
  return {
    domain,
    message: { ...cut, ...amounts },
    digest: manualCutDigest(domain, cut),
    from: await signManualCut(native, keysOf(sample, payee(sample.terms).wallet), domain, cut),
    to: await signManualCut(native, keysOf(sample, taker.wallet), domain, cut),
  }
}

async function tenderRefusalVector(sample: SampleAgreement) {
  const domain = domainOf(sample)
  const refusal = { termsHash: placeOf(sample.terms).termsHash, leg: 2, reasonsHash: repeat('0e', 32) }
  return {
    domain,
    message: refusal,
    digest: tenderRefusalDigest(domain, refusal),
    payer: await signTenderRefusal(native, keysOf(sample, payer(sample.terms).wallet), domain, refusal),
  }
}

async function acknowledgementVector(sample: SampleAgreement) {
  const domain = domainOf(sample)
  const { wallet } = payee(sample.terms)
  const acknowledgement = { party: wallet, cumulative: 125n * 10n ** 18n }
  return {
    domain,
    message: { party: wallet, cumulative: String(acknowledgement.cumulative) },
    digest: acknowledgementDigest(domain, acknowledgement),
    party: await signAcknowledgement(native, keysOf(sample, wallet), domain, acknowledgement),
  }
}

/** The payee takes the taker's keys, or gives its own up: it need not make sense to be a vector. */
async function registryVectors(sample: SampleAgreement) {
  const { wallet } = payee(sample.terms)
  const present = keysOf(sample, wallet)
  const of = { chainId: sample.facts.chainId, registry: repeat('4e', 20), party: wallet, version: 1 }
  const next = registryKeys(keysOf(sample, takerOf(sample).wallet))
  return {
    ...of,
    present: registryKeys(present),
    rotation: {
      next,
      digest: rotationDigest(of, next),
      slhDsa: await signRotation(native, present, of, next),
    },
    revocation: { digest: revocationDigest(of), slhDsa: await signRevocation(native, present, of) },
  }
}
