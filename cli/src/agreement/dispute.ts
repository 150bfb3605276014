import { anchorAnswerArguments, confirmLegCall, contestArguments, sealAnswerArguments } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { windows } from '@consign/terms'
import { command, optional } from '../command.ts'
import { type Frames, framesOf, keysOf, type LegFrames, readFrames, runOf } from '../party-folder.ts'
import { ether, uint32 } from '../values.ts'
import { etherWritten } from '../written.ts'
import { CASE, FOLDER, LEG, openAgreement } from './agreement.ts'

export const contest = command({
  name: 'agreement contest',
  summary: 'Demands post-quantum proof of a case as its accused, against a bond; the loser pays.',
  details:
    'The bond is what the agreement asks now and a quarter more, as the base fee can rise until the block; --bond gives another.',
  example:
    'consign agreement contest --folder shipment --case 0x… --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, case: CASE, bond: optional(ether, 'the bond') },
  run: async (context, { folder, case: caseId, bond }) => {
    const agreement = await openAgreement(context, folder)
    const { terms, read } = agreement
    const least = await read.contestBondWei([BigInt(windows(terms).contestBondWei)])
    const valueWei = bond ?? least + least / 4n
    const what = `The case is contested with a bond of ${etherWritten(valueWei)}.`
    return agreement.send({
      what,
      functionName: 'contest',
      args: contestArguments({ terms, caseId }),
      valueWei,
    })
  },
})

export const answer = command({
  name: 'agreement answer',
  summary:
    'Answers a contest with the seal of the leg (SLH-DSA), which stays on chain; the bond goes to the sender.',
  details: 'Needs the seal and all envelopes that it covers.',
  example:
    'consign agreement answer --folder shipment --case 0x… --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, case: CASE },
  run: async (context, { folder, case: caseId }) => {
    const agreement = await openAgreement(context, folder)
    const { terms, read } = agreement
    const { leg, seq } = await read.caseOf([caseId])
    const frames = framesOf(await readFrames(folder, context.progress), leg)
    const { seal, n } = sealAbove(frames, seq)
    const digests = runOf(frames, 0, n - 1).map(({ digest }) => digest)
    const args = sealAnswerArguments({ terms, caseId, keys: keysOf(frames), seal, digests, seq })
    return agreement.send({
      what: `The contest is answered by the seal over ${n} envelopes.`,
      functionName: 'answerWithSeal',
      args,
    })
  },
})

function sealAbove({ leg, seals }: LegFrames, seq: number) {
  const [largest] = seals.sort((a, b) => b.n - a.n)
  if (largest && largest.n > seq) return largest
  throw new Refusal(
    'folder.seal',
    `the folder holds no seal of leg ${leg} over envelope ${seq}; get its frame from the device or a feed`,
  )
}

export const confirm = command({
  name: 'agreement confirm',
  summary:
    'Confirms a leg that began when classical signatures counted no longer, under SLH-DSA alone. Anyone may.',
  example:
    'consign agreement confirm --folder shipment --leg 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    const frames = await readFrames(folder, context.progress)
    const keys = keysOf(framesOf(frames, leg))
    const evidence = leg === 0 ? { terms, keys } : { terms, keys, handover: handoverInto(frames, leg) }
    return agreement.send({
      what: `Leg ${leg} is confirmed.`,
      ...confirmLegCall(evidence),
    })
  },
})

function handoverInto(frames: Frames, leg: number) {
  const before = framesOf(frames, leg - 1)
  const offerDigest = before.cuts[0]?.offerDigest
  const offered = before.offers.find(({ digest }) => digest === offerDigest)
  const accept = offerDigest && frames.accepts.get(offerDigest)
  if (offered && accept) return { keysBefore: keysOf(before), offer: offered.offer, accept }
  throw new Refusal(
    'folder.handover',
    `the folder lacks cut, offer or acceptance with which leg ${leg} began; get their frames`,
  )
}

export const resolve = command({
  name: 'agreement resolve',
  summary:
    'Closes what was not answered in time: a contest voids its case, a claim of silence stands. Anyone may.',
  example:
    'consign agreement resolve --folder shipment --case 0x… --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, case: CASE },
  run: async (context, { folder, case: caseId }) => {
    const agreement = await openAgreement(context, folder)
    return agreement.send({ what: 'The dispute is resolved.', functionName: 'resolve', args: [caseId] })
  },
})

export const withdrawCredit = command({
  name: 'agreement withdraw-credit',
  summary: 'Takes out ether that the agreement keeps for the sender, because a payment to it failed.',
  example:
    'consign agreement withdraw-credit --folder shipment --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }) => {
    const agreement = await openAgreement(context, folder)
    return agreement.send({ what: 'The credit is taken out.', functionName: 'withdrawCredit', args: [] })
  },
})

export const answerByAnchor = command({
  name: 'agreement answer-by-anchor',
  summary:
    'Answers a contest with an anchor of the leg alone that is older than the end of classical signatures.',
  details:
    'For writers that anchor one leg: leaf i of the anchored tree is envelope i. Other trees hold envelopes that a party need not have; their writer can answer.',
  example:
    'consign agreement answer-by-anchor --folder shipment --case 0x… --anchor 3 --size 40 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    case: CASE,
    anchor: optional(uint32, 'number of the root in the log of the terms’ writer; 0 by default'),
    size: optional(uint32, 'leaves under the root; all envelopes of the leg in the folder by default'),
    'witnessed-at': optional(
      uint32,
      'seconds since 1970 at which the root was noted, once classical signatures count no longer',
    ),
  },
  run: async (context, { folder, case: caseId, anchor = 0, size, 'witnessed-at': witnessedAt = 0 }) => {
    const agreement = await openAgreement(context, folder)
    const { terms, read } = agreement
    const { leg, evidence } = await read.caseOf([caseId])
    const leaves = framesOf(await readFrames(folder, context.progress), leg).envelopes.map(
      ({ digest }) => digest,
    )
    const under = {
      terms,
      caseId,
      evidence,
      anchorSeq: anchor,
      leaves,
      size: size ?? leaves.length,
      witnessedAt,
    }
    return agreement.send({
      what: 'The contest is answered by an anchor.',
      functionName: 'answerWithAnchor',
      args: anchorAnswerArguments(under),
    })
  },
})
