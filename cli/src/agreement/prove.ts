import { isProvable, type ProvableLimit, type ViolationCall, violationCalls } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { caseId, limitById, limits, type Terms } from '@consign/terms'
import { type Judgement, LEG_SEQ } from '@consign/terms/judging'
import { command, optional, type Report, required } from '../command.ts'
import { framesOf, keysOf, type LegFrames, readFrames, runOf } from '../party-folder.ts'
import { number, uint32 } from '../values.ts'
import { FOLDER, LEG, type OpenAgreement, openAgreement, type Step } from './agreement.ts'
import { judgedLeg } from './judged.ts'

export const prove = command({
  name: 'agreement prove',
  summary: 'Proves that a limit was broken in a leg, from the envelopes in the folder.',
  details:
    'Finds the excursions itself and proves each that the chain does not hold yet, for all that the folder shows of it. A proof that is too long for one transaction goes out as a scan over several.',
  example:
    'consign agreement prove --folder shipment --leg 1 --limit 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    leg: LEG,
    limit: required(number, 'limitId of the clause, as the terms say'),
    seq: optional(uint32, 'only the excursion that begins in this envelope'),
  },
  run: async (context, { folder, leg, limit: limitId, seq }): Promise<Report> => {
    const agreement = await openAgreement(context, folder)
    const limit = provableLimit(agreement.terms, limitId)
    const frames = framesOf(await readFrames(folder, context.progress), leg)
    const keys = keysOf(frames)
    const found = judgedLeg(frames, limit).filter(({ startSeq }) => seq === undefined || startSeq === seq)
    if (found.length === 0)
      throw new Refusal(
        'prove.nothing',
        `the envelopes in the folder keep limit ${limitId} in leg ${leg}; there is nothing to prove`,
      )
    const steps: Step<ViolationCall['functionName']>[] = []
    for (const judgement of found) {
      if (await isHeld(agreement, leg, judgement)) continue
      context.progress(
        `${whatOf(limit, judgement, leg)}: envelopes ${judgement.runFromSeq} to ${judgement.runToSeq}`,
      )
      steps.push(...stepsOf(agreement.terms, limit, keys, frames, judgement))
    }
    if (steps.length > 0) return agreement.send(...steps)
    return {
      lines: ['The chain holds all that the folder shows; nothing was sent.'],
      data: { transactions: [], events: [] },
    }
  },
})

function provableLimit(terms: Terms, limitId: number): ProvableLimit {
  const limit = limitById(terms, limitId)
  if (!limit) {
    const known = limits(terms).map((each) => each.limitId)
    throw new Refusal(
      'terms.limit',
      `the terms have no limit ${limitId} on a metric; they have ${known.join(', ') || 'none'}`,
    )
  }
  if (!isProvable(limit))
    throw new Refusal(
      'terms.limit',
      `limit ${limitId} is one that only services judge: the chain cannot prove it`,
    )
  return limit
}

// For as much or more: what is charged for less is proven anew.
async function isHeld({ read, address }: OpenAgreement, leg: number, judgement: Judgement): Promise<boolean> {
  const { startSeq, startIndex, clause, penalty } = judgement
  const id = caseId({ agreement: address, leg, limitId: clause.limitId, startSeq, startIndex })
  const held = await read.caseOf([id])
  return held.state !== 0 && held.penalty >= penalty
}

function stepsOf(
  terms: Terms,
  limit: ProvableLimit,
  keys: `0x${string}`,
  frames: LegFrames,
  judgement: Judgement,
): Step<ViolationCall['functionName']>[] {
  const { startSeq, startIndex, runFromSeq, runToSeq } = judgement
  const run = runOf(frames, runFromSeq, runToSeq).map(({ wire }) => wire)
  const start = startSeq === LEG_SEQ ? undefined : { seq: startSeq, index: startIndex }
  const what = whatOf(limit, judgement, frames.leg)
  return violationCalls({ terms, limit, keys, run, start }).map((call) => ({
    ...call,
    what: call.functionName === 'dropScan' ? 'The scan is forgotten.' : `${what} was shown.`,
  }))
}

const whatOf = (limit: ProvableLimit, { startSeq }: Judgement, leg: number): string =>
  startSeq === LEG_SEQ
    ? `The time of ${limit.metric} outside limit ${limit.limitId} in leg ${leg}`
    : `The excursion of ${limit.metric} beyond limit ${limit.limitId} from envelope ${startSeq} of leg ${leg}`
