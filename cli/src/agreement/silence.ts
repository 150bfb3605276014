import { claimSilenceArguments, refuteSilenceArguments, silenceArguments } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { type SilenceClause, silence as silenceOf, type Terms } from '@consign/terms'
import { command, flag, optional } from '../command.ts'
import { framesOf, keysOf, readFrames, runOf } from '../party-folder.ts'
import { uint32 } from '../values.ts'
import { durationWritten } from '../written.ts'
import { CASE, FOLDER, LEG, openAgreement } from './agreement.ts'
import { judgedLeg } from './judged.ts'

export const silence = command({
  name: 'agreement silence',
  summary: 'Proves that two envelopes lie further apart than agreed, or claims that nothing came after one.',
  details:
    'Without --claim it proves the longest gap of the leg, or the one after --after. With --claim it puts up the bond of the terms: whoever shows the next envelope gets it.',
  example:
    'consign agreement silence --folder shipment --leg 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    leg: LEG,
    claim: flag('claim that nothing came after the last envelope in the folder'),
    after: optional(uint32, 'number of the envelope before the gap'),
  },
  run: async (context, { folder, leg, claim, after }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    const clause = clauseOf(terms)
    const frames = framesOf(await readFrames(folder, context.progress), leg)
    const keys = keysOf(frames)
    if (claim) {
      const last = after === undefined ? frames.envelopes.at(-1) : runOf(frames, after, after)[0]
      if (!last) throw new Refusal('folder.envelope', `the folder holds no envelope of leg ${leg}`)
      const { args, valueWei } = claimSilenceArguments({ terms, keys, last: last.wire })
      const what = `Silence after envelope ${last.header.seq} of leg ${leg} is claimed.`
      return agreement.send({ what, functionName: 'claimSilence', args, valueWei })
    }
    const gaps = judgedLeg(frames, clause).filter(({ startSeq }) => after === undefined || startSeq === after)
    const [longest] = gaps.sort((a, b) => b.extent - a.extent)
    if (!longest)
      throw new Refusal(
        'prove.nothing',
        `no gap of leg ${leg} in the folder is longer than ${durationWritten(clause.silenceMsMax)}`,
      )
    const [first, next] = runOf(frames, longest.startSeq, longest.startSeq + 1)
    const args = silenceArguments({ terms, keys, wire: first!.wire, next: next!.wire })
    const what = `Leg ${leg} was silent for ${durationWritten(longest.extent)} after envelope ${longest.startSeq}.`
    return agreement.send({ what, functionName: 'proveSilence', args })
  },
})

export const refuteSilence = command({
  name: 'agreement refute-silence',
  summary:
    'Refutes a claim of silence with the next envelope, or with the end of the leg; the bond goes to the sender.',
  example:
    'consign agreement refute-silence --folder shipment --case 0x… --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    case: CASE,
    'by-cut': flag('the leg ended with the envelope said to be the last'),
  },
  run: async (context, { folder, case: caseId, 'by-cut': byCut }) => {
    const agreement = await openAgreement(context, folder)
    const what = 'The claim of silence is refuted.'
    if (byCut) return agreement.send({ what, functionName: 'refuteSilenceByCut', args: [caseId] })
    const { leg, seq } = await agreement.read.caseOf([caseId])
    const frames = framesOf(await readFrames(folder, context.progress), leg)
    const [next] = runOf(frames, seq + 1, seq + 1)
    const args = refuteSilenceArguments({ caseId, keys: keysOf(frames), next: next!.wire })
    return agreement.send({ what, functionName: 'refuteSilence', args })
  },
})

function clauseOf(terms: Terms): SilenceClause {
  const clause = silenceOf(terms)
  if (!clause)
    throw new Refusal('terms.clause', 'the terms have no silence clause, so that silence costs nothing')
  return clause
}
