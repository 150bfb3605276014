// Whether frames are what the device and the parties signed: the keys chain from the device that the terms name, the envelopes from the keys or
// the cut, under every signature that the frames carry (FIPS 186-5, 204 and 205 by node:crypto). Throws an Error of one line.
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { concat, type Hex, hexToBytes, sha256 } from 'viem'
import { bodyHashOf } from './disclosures.ts'
import { digestsOf, type Leg } from './folder.ts'
import { type Accept, type Delegation, type Envelope, type LegKeys, merkleRoot } from './formats.ts'
import { acceptDigest, delegationDigest } from './signatures.ts'
import type { Terms } from './terms.ts'

export function checkBody(envelope: Envelope): void {
  if (bodyHashOf(envelope) !== envelope.bodyHash)
    throw new Error('the readings are not those that the header names')
}

export function checkLeg(leg: Leg, before: Leg | undefined, terms: Terms, agreement: Hex): void {
  const { number, keys, envelopes, handover, seal } = leg
  const fail = (what: string): never => {
    throw new Error(`frames: leg ${number}: ${what}`)
  }
  const device = terms.one('device')
  const signer = before
    ? keySet(before.keys.keys, before.keys.mlDsaKey)
    : {
        p256: p256Key(device.p256 as Hex),
        mlDsa: rawKey('ml-dsa-44', device.mlDsaKey as Hex),
        slhDsa: rawKey('slh-dsa-sha2-128s', device.slhDsaKey as Hex),
      }
  const own = keySet(keys.keys, keys.mlDsaKey)
  if (sha256(keys.mlDsaKey) !== keys.keys.mlDsaKeyHash) fail('the ML-DSA key is not the one of the record')
  if (!isSigned(keys, signer)) fail('its keys are not signed by the device')
  if (before && before.handover?.offer.nextKeysHash !== keys.digest)
    fail('its keys are not those that were offered')
  const carried = before?.handover && concat([before.handover.cut.signed, before.handover.accept.signed])
  let previous = before?.handover?.cut.digest ?? keys.digest
  envelopes.forEach((envelope, seq) => {
    if (envelope.agreement !== agreement) fail(`envelope ${envelope.seq} is of another agreement`)
    if (envelope.seq !== seq) fail(`envelope ${seq} is missing`)
    if (envelope.previous !== previous) fail(`envelope ${seq} does not follow the one before it`)
    if (!isSigned(envelope, own)) fail(`envelope ${seq} is not signed by the device`)
    if (envelope.handover !== '0x' && envelope.handover !== carried)
      fail(`envelope ${seq} carries another handover`)
    previous = envelope.digest
  })
  if (handover) checkHandover(handover, leg, own, agreement, fail)
  if (handover) checkAcceptance(handover, leg, terms, fail)
  if (seal && !isSigned(seal, own)) fail('its seal is not signed by the device')
  if (seal && seal.root !== merkleRoot(digestsOf(leg).slice(0, seal.n)))
    fail('its seal is over other envelopes')
}

function checkHandover(
  { offer, accept, cut }: NonNullable<Leg['handover']>,
  leg: Leg,
  own: KeySet,
  agreement: Hex,
  fail: (what: string) => never,
): void {
  if (!isSigned(offer, own)) fail('its offer is not signed by the device')
  if (!isSigned(cut, own)) fail('its cut is not signed by the device')
  if (cut.acceptDigest !== acceptDigest({ chainId: cut.chainId, agreement }, accept))
    fail('its cut names another acceptance')
  if (cut.n !== leg.envelopes.length)
    fail(`it was cut at ${cut.n} envelopes, and ${leg.envelopes.length} are here`)
  if (cut.root !== merkleRoot(digestsOf(leg))) fail('it was cut over other envelopes')
}

const ALL_AGREEMENTS: Hex = `0x${'00'.repeat(32)}`

/** Post-quantum signatures of who took the goods, or let a delegate take them; the contract checks those of the wallets. */
function checkAcceptance(
  { accept, cut }: NonNullable<Leg['handover']>,
  leg: Leg,
  terms: Terms,
  fail: (what: string) => never,
): void {
  const { mlDsaKey, slhDsaKey, name } = terms.party(accept.party)
  const party = postQuantum(mlDsaKey as Hex, slhDsaKey as Hex)
  const { delegation } = accept
  const signer = delegation ? postQuantum(delegation.mlDsaKey, delegation.slhDsaKey) : party
  if (!isSignedBy(signer, cut.acceptDigest, accept))
    fail(`its acceptance is not signed by ${delegation ? `the delegate of ${name}` : name}`)
  if (!delegation) return
  if (delegation.party !== accept.party) fail(`its delegation is not by ${name}, who took the goods`)
  if (delegation.scope !== ALL_AGREEMENTS && delegation.scope !== terms.hash)
    fail('its delegation is for another agreement')
  const last = leg.envelopes.at(-1)
  if (last && last.utcMs === 0n) fail('its delegation rests on a clock that was not set')
  if (last && last.utcMs > delegation.notAfterMs) fail('its delegation had ended before the cut')
  if (!isSignedBy(party, delegationDigest(cut.chainId, delegation), delegation))
    fail(`its delegation is not signed by ${name}`)
}

type PostQuantum = { mlDsa: KeyObject; slhDsa: KeyObject }

const postQuantum = (mlDsaKey: Hex, slhDsaKey: Hex): PostQuantum => ({
  mlDsa: rawKey('ml-dsa-44', mlDsaKey),
  slhDsa: rawKey('slh-dsa-sha2-128s', slhDsaKey),
})

function isSignedBy(by: PostQuantum, digest: Hex, { mlDsa, slhDsa }: Accept | Delegation): boolean {
  const holds = (key: KeyObject, signature: Hex) =>
    verify(null, hexToBytes(digest), key, hexToBytes(signature))
  return holds(by.mlDsa, mlDsa) && holds(by.slhDsa, slhDsa)
}

type KeySet = { p256: KeyObject; mlDsa: KeyObject; slhDsa: KeyObject }

function isSigned(
  record: { tagged: Hex; digest: Hex; p256: Hex; mlDsa: Hex; slhDsa: Hex },
  keys: KeySet,
): boolean {
  const digest = hexToBytes(record.digest)
  const holds = (key: KeyObject, signature: Hex) => verify(null, digest, key, hexToBytes(signature))
  const p256 = { key: keys.p256, dsaEncoding: 'ieee-p1363' } as const
  return (
    (record.p256 === '0x' || verify('sha256', hexToBytes(record.tagged), p256, hexToBytes(record.p256))) &&
    (record.mlDsa === '0x' || holds(keys.mlDsa, record.mlDsa)) &&
    (record.slhDsa === '0x' || holds(keys.slhDsa, record.slhDsa))
  )
}

function keySet(keys: LegKeys, mlDsaKey: Hex): KeySet {
  return {
    p256: p256Key(concat([keys.p256X, keys.p256Y])),
    mlDsa: rawKey('ml-dsa-44', mlDsaKey),
    slhDsa: rawKey('slh-dsa-sha2-128s', keys.slhDsaKey),
  }
}

function p256Key(key: Hex): KeyObject {
  const point = Buffer.concat([Uint8Array.of(4), hexToBytes(key)])
  return createPublicKey({ key: point, format: 'raw-public', asymmetricKeyType: 'ec', namedCurve: 'P-256' })
}

function rawKey(asymmetricKeyType: 'ml-dsa-44' | 'slh-dsa-sha2-128s', key: Hex): KeyObject {
  return createPublicKey({ key: Buffer.from(hexToBytes(key)), format: 'raw-public', asymmetricKeyType })
}
