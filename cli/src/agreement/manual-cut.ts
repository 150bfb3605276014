import { manualCutArguments } from '@consign/chain'
import { NO_NEXT_KEYS, type PartyClause, signManualCut, termsHash } from '@consign/terms'
import type { Hex } from 'viem'
import { sha256, stringToHex } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import { hash, signature, text, time, uint32 } from '../values.ts'
import { FOLDER, LEG, openAgreement, partyOf } from './agreement.ts'

export const manualCut = command({
  name: 'agreement manual-cut',
  summary:
    'Hands over without the device, because it is dead or lost: signs, or records once both have signed.',
  details:
    'Without the two signatures it prints that of --key-file; each custodian runs it with the same values. With both, it is sent. Silence before the handover is the outgoing custodian’s.',
  example:
    'consign agreement manual-cut --folder shipment --leg 1 --envelopes 40 --at 2026-11-02T08:30Z --to shipper-y --reasons "device crushed" --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    leg: LEG,
    envelopes: required(uint32, 'envelopes of the leg that ends'),
    at: required(time, 'when the goods changed hands'),
    to: required(text, 'name or wallet of the taker'),
    reasons: required(text, 'why there was no device; its hash is signed'),
    'next-keys': optional(hash, 'digest of the keys of the next leg; without it the goods go on unmeasured'),
    'from-signature': optional(signature, 'of the custodian of the leg'),
    'to-signature': optional(signature, 'of the taker'),
  },
  run: async (context, values): Promise<Report> => {
    const { folder, leg } = values
    const agreement = await openAgreement(context, folder)
    const { terms, place } = agreement
    const taker = partyOf(terms, values.to)
    const cut = { termsHash: termsHash(terms), leg, ...cutOf(taker, values) }
    const { 'from-signature': fromSignature, 'to-signature': toSignature } = values
    if (fromSignature && toSignature) {
      const what = `Leg ${leg} has ended by hand; ${taker.name} has the goods.`
      const args = manualCutArguments({ terms, cut, fromSignature, toSignature })
      return agreement.send({ what, functionName: 'recordManualCut', args })
    }
    const keys = await context.keys()
    const signature = await signManualCut(context.crypto, keys, place, cut)
    return {
      lines: [`Signature of ${keys.wallet.address}:`, signature.ecdsa],
      data: { signer: keys.wallet.address.toLowerCase(), manualCut: cut, ...signature },
    }
  },
})

type Given = { envelopes: number; at: number; reasons: string; 'next-keys': Hex | undefined }

const cutOf = (taker: PartyClause, { envelopes, at, reasons, 'next-keys': nextKeys }: Given) => ({
  n: envelopes,
  timeMs: BigInt(at),
  to: taker.wallet,
  nextKeysHash: nextKeys ?? NO_NEXT_KEYS,
  amount: BigInt(taker.amount),
  penaltyMax: BigInt(taker.penaltyCap),
  reasonsHash: sha256(stringToHex(reasons)),
})
