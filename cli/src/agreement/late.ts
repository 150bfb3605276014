import { lateArguments } from '@consign/chain'
import { type Envelope, Refusal } from '@consign/envelope'
import { clauseByLimitId, type DeadlineClause, type MilestoneClause, type Terms } from '@consign/terms'
import { command, required } from '../command.ts'
import { type Frames, framesOf, keysOf, readFrames } from '../party-folder.ts'
import { number } from '../values.ts'
import { timeWritten } from '../written.ts'
import { FOLDER, LEG, openAgreement } from './agreement.ts'

export const late = command({
  name: 'agreement late',
  summary: 'Proves that goods were late: delivered after the deadline, or handed over after a milestone.',
  details:
    "Shows the latest envelope of the leg whose device's clock was set; for a deadline in a later leg also the last one of the leg before, which shows in whose leg it passed.",
  example:
    'consign agreement late --folder shipment --leg 1 --limit 3 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG, limit: required(number, 'limitId of the deadline or milestone') },
  run: async (context, { folder, leg, limit }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    const clause = timed(terms, limit)
    const frames = await readFrames(folder, context.progress)
    const of = framesOf(frames, leg)
    const latest = latestOf(of.envelopes, leg)
    const before = clause.kind === 'deadline' && leg > 0 ? lastOf(frames, leg - 1) : undefined
    const evidence = { terms, clause, keys: keysOf(of), late: latest.wire, ...(before ? { before } : {}) }
    const what = `Leg ${leg} had the goods at ${timeWritten(latest.header.baseUtcMs)}, which was too late.`
    return agreement.send({ what, functionName: 'proveLate', args: lateArguments(evidence) })
  },
})

function timed(terms: Terms, limitId: number): DeadlineClause | MilestoneClause {
  const clause = clauseByLimitId(terms, limitId)
  if (clause?.kind === 'deadline' || clause?.kind === 'milestone') return clause
  throw new Refusal('terms.limit', `clause ${limitId} is no deadline or milestone of these terms`)
}

function latestOf(envelopes: Envelope[], leg: number): Envelope {
  const timely = envelopes.filter(({ header }) => header.clockState !== 0)
  const latest = timely.reduce<Envelope | undefined>(
    (found, each) => (found && found.header.baseUtcMs >= each.header.baseUtcMs ? found : each),
    undefined,
  )
  if (latest) return latest
  throw new Refusal(
    'folder.envelope',
    `the folder holds no envelope of leg ${leg} whose device had its clock set`,
  )
}

function lastOf(frames: Frames, leg: number): { keys: `0x${string}`; wire: Uint8Array } {
  const of = framesOf(frames, leg)
  const last = of.envelopes.at(-1)
  if (last) return { keys: keysOf(of), wire: last.wire }
  throw new Refusal(
    'folder.envelope',
    `the folder holds no envelope of leg ${leg}, which shows that the deadline was still open`,
  )
}
