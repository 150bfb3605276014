/**
 * What becomes of a frame that a device sent: stored, known already, parked until a missing record comes, or refused. Signatures are
 * checked here; nothing is written. Authentic frames are never refused, only flagged; what cannot be checked yet is parked.
 */
import {
  type CryptoProvider,
  type Cut,
  cutDigest,
  type Envelope,
  type PublicKeys,
  Refusal,
  SEED_BYTES,
  type SignedCut,
  toHex,
  verifyCut,
  verifyEnvelopeSync,
  verifyLegKeys,
  verifyOffer,
  verifySeal,
} from '@consign/envelope'
import type { EnvelopeFlag } from '@consign/events'
import { acceptDigest } from '@consign/terms'
import { LegLedger } from './ledger.ts'
import type { Leg, Shipment } from './shipment.ts'
import { unreachable } from './unreachable.ts'
import type { EnvelopeUpload, RecordUpload, Upload } from './upload.ts'

/** A device makes one pair of keys per offer; each costs one more verification of an envelope that is not by the leg's own. */
const OTHER_KEYS_MAX = 4

export type Verdict =
  | { kind: 'store'; flags: EnvelopeFlag[] }
  /** Stored before, on the main branch or another. */
  | { kind: 'known'; fork: boolean }
  /** Cannot be checked until `missing` comes. */
  | { kind: 'park'; missing: 'agreement' | 'leg' | 'leg before' }

/** `shipment` is undefined while no event has named the agreement. `nowMs` is ms UTC. */
export type Admission = {
  crypto: CryptoProvider
  shipment: Shipment | undefined
  deviceId: string
  nowMs: number
}

/**
 * Throws Refusal: `device.foreign`, `envelope.chain`, `cut.leg`, `cut.previous`, `accept.digest` and the signature codes of @consign/envelope. Changes
 * nothing.
 */
export async function admit(admission: Admission, upload: Upload): Promise<Verdict> {
  if (upload.kind === 'envelope') {
    const cut = upload.envelope.cut && (await admitCut(admission, upload, upload.envelope.cut))
    return cut === 'unknown' ? { kind: 'park', missing: 'leg before' } : admitEnvelope(admission, upload, cut)
  }
  const shipment = namedShipment(admission, upload)
  if (shipment === undefined) return { kind: 'park', missing: 'agreement' }
  return admitRecord(admission, shipment, upload)
}

/** The same for an envelope without a cut, or whose cut has been checked: at once, because this is what nearly every frame is. */
export function admitEnvelope(admission: Admission, upload: EnvelopeUpload, cut?: Cut): Verdict {
  const { crypto, nowMs } = admission
  const { envelope, link, ref } = upload
  const shipment = namedShipment(admission, upload)
  if (shipment === undefined) return { kind: 'park', missing: 'agreement' }
  const leg = shipment.legs.get(ref.leg)
  const branch = leg?.open?.ledger.branchOf(link)
  if (branch !== undefined) return { kind: 'known', fork: branch === 'fork' }
  const own = cut === undefined ? leg?.open?.keys : shipment.keysAfter(ref.leg - 1, cut)
  if (own === undefined) return { kind: 'park', missing: 'leg' }
  const signer = verifiedBy(crypto, cut === undefined ? leg : undefined, own, envelope)
  // A leg that this very envelope begins has no ledger yet, and so nothing to contradict.
  const open = leg?.open ?? { keys: signer, ledger: new LegLedger(link.previous) }
  const otherKeys = signer !== open.keys
  return { kind: 'store', flags: open.ledger.flagsOf(link, latestUtcMs(envelope), nowMs, { otherKeys }) }
}

function namedShipment({ shipment, deviceId }: Admission, { ref }: Upload): Shipment | undefined {
  if (shipment === undefined) return undefined
  if (!shipment.has(deviceId))
    throw new Refusal(
      'device.foreign',
      `the terms name device ${shipment.device.deviceId}, not ${deviceId}, nor did custodians replace it by that one`,
    )
  if (ref.chainId !== shipment.chainId)
    throw new Refusal(
      'envelope.chain',
      `the agreement lives on chain ${shipment.chainId}, not ${ref.chainId}`,
    )
  return shipment
}

async function admitRecord(
  { crypto, deviceId }: Admission,
  shipment: Shipment,
  upload: RecordUpload,
): Promise<Verdict> {
  const { frame, digest, ref } = upload
  const leg = shipment.legs.get(ref.leg)
  if (leg?.records.has(digest)) return { kind: 'known', fork: false }
  if (frame.kind === 'legKeys') {
    const beginner = shipment.beginnerOf(ref.leg, deviceId)
    const signer = beginner?.keys ?? shipment.legs.get(ref.leg - 1)?.open?.keys
    if (signer === undefined) return { kind: 'park', missing: 'leg before' }
    await verifyLegKeys(crypto, signer, frame.signed)
    return { kind: 'store', flags: [] }
  }
  if (leg?.open === undefined) return { kind: 'park', missing: 'leg' }
  const { keys } = leg.open
  switch (frame.kind) {
    case 'offer':
      await verifyOffer(crypto, keys, frame.signed)
      return { kind: 'store', flags: [] }
    case 'cut':
      await verifyCut(crypto, keys, frame.signed)
      // A second, different cut is evidence of tampering: it is kept, and moves nothing.
      return { kind: 'store', flags: (leg.manualCut ?? leg.cut) === undefined ? [] : ['fork'] }
    case 'seal':
      await verifySeal(crypto, keys, frame.signed)
      return { kind: 'store', flags: [] }
    default:
      return unreachable(frame)
  }
}

/** The cut that a handover envelope brings, checked under the keys of the leg that it ends; undefined when nothing needs it any more. */
async function admitCut(
  admission: Admission,
  upload: EnvelopeUpload,
  signed: SignedCut,
): Promise<Cut | 'unknown' | undefined> {
  const shipment = namedShipment(admission, upload)
  const isKnown = shipment?.legs.get(upload.ref.leg)?.open?.ledger.branchOf(upload.link) !== undefined
  if (shipment === undefined || isKnown) return undefined
  const { ref, link } = upload
  const digest = toHex(cutDigest(signed.record))
  const { record } = signed
  if (record.leg !== ref.leg - 1 || record.agreement !== ref.agreement || record.chainId !== ref.chainId)
    throw new Refusal('cut.leg', `a handover envelope of leg ${ref.leg} carries the cut of the leg before it`)
  if (link.seq !== 0 || link.previous !== digest)
    throw new Refusal(
      'cut.previous',
      'a handover envelope is the first of its leg and names its cut as predecessor',
    )
  const { accept } = upload.envelope
  // The envelope's own signature does not cover the acceptance; the cut names it by its digest.
  if (accept === undefined || acceptDigest(record, accept.record) !== toHex(record.acceptDigest))
    throw new Refusal('accept.digest', 'a handover envelope carries the acceptance that its cut names')
  const before = shipment.legs.get(record.leg)?.open
  if (before === undefined) return 'unknown'
  await verifyCut(admission.crypto, before.keys, signed)
  return record
}

/**
 * The keys that verify, the leg's own first; those of other offers sign a second branch: the device chained them all. On this thread, which
 * costs two thirds of what the pool costs. Throws the refusal under the leg's own keys.
 */
function verifiedBy(
  crypto: CryptoProvider,
  leg: Leg | undefined,
  own: PublicKeys,
  envelope: Envelope,
): PublicKeys {
  try {
    verifyEnvelopeSync(crypto, own, envelope)
    return own
  } catch (refusal) {
    const others = [...(leg?.keys.values() ?? [])].filter((keys) => keys !== own)
    for (const other of others.slice(0, OTHER_KEYS_MAX)) {
      try {
        verifyEnvelopeSync(crypto, other, envelope)
        return other
      } catch {
        // The reason that counts is the one under the leg's own keys.
      }
    }
    throw refusal
  }
}

/** Time of the last reading by the device's clock, ms UTC. */
function latestUtcMs(envelope: Envelope): number {
  const { baseUtcMs, count } = envelope.header
  if (count === 0) return baseUtcMs
  const { buffer, byteOffset } = envelope.body
  return baseUtcMs + new DataView(buffer, byteOffset).getUint32(SEED_BYTES + 4 * (count - 1))
}
