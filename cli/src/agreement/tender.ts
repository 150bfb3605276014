import {
  closeUndeliveredArguments,
  deliverByTenderArguments,
  refuseTenderArguments,
  tenderArguments,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import {
  deadline as deadlineClause,
  signTenderRefusal,
  type Terms,
  tender as tenderClause,
  termsHash,
} from '@consign/terms'
import { sha256, stringToHex } from 'viem'
import { command, required } from '../command.ts'
import { framesOf, keysOf, readFrames, runOf } from '../party-folder.ts'
import { text } from '../values.ts'
import { FOLDER, LEG, openAgreement } from './agreement.ts'

export const tender = command({
  name: 'agreement tender',
  summary:
    'Records that the device offered the goods inside the destination, which stops the delivery clock.',
  details:
    'Takes the latest offer of the leg, and the envelope right before it, which must hold the position.',
  example:
    'consign agreement tender --folder shipment --leg 1 --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    requireTender(terms)
    const frames = framesOf(await readFrames(folder, context.progress), leg)
    const [latest] = frames.offers.sort((a, b) => b.m - a.m)
    if (!latest || latest.m === 0)
      throw new Refusal(
        'folder.offer',
        `the folder holds no offer of leg ${leg} that follows an envelope; get its frame`,
      )
    const [before] = runOf(frames, latest.m - 1, latest.m - 1)
    const evidence = { terms, keys: keysOf(frames), offer: latest.offer, wire: before!.wire }
    return agreement.send({
      what: `Leg ${leg} is tendered.`,
      functionName: 'recordTender',
      args: tenderArguments(evidence),
    })
  },
})

export const refuseTender = command({
  name: 'agreement refuse-tender',
  summary: 'Refuses a tender as the payer, within its grace; the goods stay with their custodian.',
  details: 'The hash of the reasons goes on chain; keep their text, byte for byte.',
  example:
    'consign agreement refuse-tender --folder shipment --leg 1 --reasons "two pallets are wet" --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG, reasons: required(text, 'why; its SHA-256 is signed') },
  run: async (context, { folder, leg, reasons }) => {
    const agreement = await openAgreement(context, folder)
    const { terms, place } = agreement
    requireTender(terms)
    const reasonsHash = sha256(stringToHex(reasons))
    const refusal = { termsHash: termsHash(terms), leg, reasonsHash }
    const { ecdsa: signature } = await signTenderRefusal(context.crypto, await context.keys(), place, refusal)
    const args = refuseTenderArguments({ terms, leg, reasonsHash, signature })
    return agreement.send({
      what: `The tender of leg ${leg} is refused.`,
      functionName: 'refuseTender',
      args,
    })
  },
})

export const deliver = command({
  name: 'agreement deliver',
  summary: 'Delivers once the grace of a tender has passed without refusal. Anyone may.',
  example:
    'consign agreement deliver --folder shipment --leg 1 --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    requireTender(terms)
    const args = deliverByTenderArguments({ terms, leg })
    return agreement.send({
      what: `Leg ${leg} is delivered by its tender.`,
      functionName: 'deliverByTender',
      args,
    })
  },
})

export const close = command({
  name: 'agreement close',
  summary:
    'Ends an agreement whose goods never came: the custodian of the open leg is charged the loss. Anyone may.',
  example:
    'consign agreement close --folder shipment --leg 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    if (!deadlineClause(terms))
      throw new Refusal('terms.clause', 'the terms have no deadline, so that nothing ever counts as lost')
    const args = closeUndeliveredArguments({ terms, leg })
    return agreement.send({
      what: 'The agreement is closed without delivery.',
      functionName: 'closeUndelivered',
      args,
    })
  },
})

function requireTender(terms: Terms): void {
  if (!tenderClause(terms))
    throw new Refusal('terms.clause', 'the terms have no tender clause; hand over with a cut')
}
