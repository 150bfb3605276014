import {
  type CryptoProvider,
  decodeSignedLegKeys,
  deviceId,
  fromHex,
  legKeysDigest,
  namedKeys,
  Refusal,
  toHex,
  verifyLegKeys,
} from '@consign/envelope'
import type { Hex } from '@consign/events'
import {
  type ManualCut,
  manualCutDigest,
  NO_NEXT_KEYS,
  partyByWallet,
  SIGNED_MANUAL_CUT,
  verifyManualCut,
} from '@consign/terms'
import { z } from 'zod'
import type { Agreement, Replacement } from './domain/agreement.ts'
import type { Place } from './domain/device-record.ts'
import { type CutManually, handing } from './domain/manual-cut.ts'
import { addressText, badRequest, hash32Text, hexText, type RequestContext } from './requests.ts'
import { lastStored } from './stored-envelope.ts'

const cutManuallyRequest = z.strictObject({
  agreement: addressText,
  ...SIGNED_MANUAL_CUT,
  replacement: z
    .strictObject({
      device: z.strictObject({ p256: hexText, mlDsaKey: hexText, slhDsaKey: hash32Text }),
      nextKeys: hexText,
    })
    .optional(),
})

/**
 * `cmd.<address>.manualCut { agreement, manualCut, fromSignature, toSignature, replacement? }` (P13): both custodians say that the goods changed hands
 * without the device. Any party of the terms submits it. The same cut again gets the same answer.
 * Throws Refusal `manualCut.request`, `manualCut.submitter`, `manualCut.…` of what it says, `manualCut.signature.…`, `legKeys.…`.
 */
export async function submitManualCut(context: RequestContext, address: Hex, asked: unknown) {
  const { log, crypto, deployment } = context
  const request = cutManuallyRequest.safeParse(asked)
  if (!request.success) throw badRequest('manualCut.request', request.error)
  const { agreement, manualCut: record, fromSignature, toSignature, replacement: shown } = request.data
  const place = { chainId: deployment.chainId, agreement }
  const cutDigest = manualCutDigest(place, record)
  const replacement = shown && (await verifyReplacement(crypto, place, record, shown))
  const verify = async (state: Agreement): Promise<CutManually> => {
    const highestSeq = (await lastStored(log, agreement, record.leg))?.seq
    const { from, to, isRecorded } = handing(state, record, cutDigest, highestSeq)
    requireParty(state, address)
    await verifyManualCut(crypto, from, to, place, record, fromSignature)
    await verifyManualCut(crypto, to, to, place, record, toSignature)
    if (!isRecorded) requireKeys(record, replacement)
    const signatures = { fromSignature, toSignature }
    return { type: 'cutManually', record, cutDigest, ...signatures, replacement, highestSeq }
  }
  await context.deskOf(agreement).request(verify, { timeMs: context.nowMs() })
  return { ok: true as const, agreement, leg: record.leg, cutDigest }
}

function requireParty({ signed }: Agreement, address: Hex): void {
  if (signed !== undefined && partyByWallet(signed.terms, address) !== undefined) return
  throw new Refusal('manualCut.submitter', `${address} is no party of these terms; a party submits the cut`)
}

function requireKeys({ nextKeysHash }: ManualCut, replacement: Replacement | undefined): void {
  if (replacement !== undefined || nextKeysHash === NO_NEXT_KEYS) return
  throw new Refusal(
    'manualCut.nextKeys',
    `the keys with the digest ${nextKeysHash} are missing: show them as replacement, or sign ${NO_NEXT_KEYS} for goods that go on unmeasured`,
  )
}

type Shown = NonNullable<z.output<typeof cutManuallyRequest>['replacement']>

/** The other device made the keys that the custodians signed for: its identity signs them, as that of the terms does for leg 0. */
async function verifyReplacement(
  crypto: CryptoProvider,
  place: Place,
  record: ManualCut,
  { device, nextKeys }: Shown,
): Promise<Replacement> {
  const keys = namedKeys(device)
  const signed = decodeSignedLegKeys(fromHex(nextKeys))
  const { chainId, agreement, leg } = signed.record
  if (chainId !== place.chainId || agreement !== place.agreement || leg !== record.leg + 1) {
    throw new Refusal(
      'manualCut.nextKeys',
      `the next keys are of leg ${leg} of ${agreement} on chain ${chainId}; leg ${record.leg + 1} of this agreement begins`,
    )
  }
  const digest = toHex(legKeysDigest(signed.record))
  if (digest !== record.nextKeysHash) {
    throw new Refusal(
      'manualCut.nextKeys',
      `the custodians signed for keys ${record.nextKeysHash}, not ${digest}`,
    )
  }
  await verifyLegKeys(crypto, keys, signed)
  return { device: { deviceId: `0x${deviceId(keys)}`, ...device }, nextKeys }
}
