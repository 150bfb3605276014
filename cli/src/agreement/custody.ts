import { cutCall, isDelegated, startArguments } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { payee } from '@consign/terms'
import { command } from '../command.ts'
import { type Frames, framesOf, keysOf, readFrames, runOf } from '../party-folder.ts'
import { FOLDER, LEG, openAgreement } from './agreement.ts'

export const start = command({
  name: 'agreement start',
  summary: 'Begins leg 0 in the custody of the payee. The guarantee must be paid in.',
  example: 'consign agreement start --folder shipment --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    const keys = keysOf(framesOf(await readFrames(folder, context.progress), 0))
    const what = `Leg 0 has begun in the custody of ${payee(terms).name}.`
    return agreement.send({ what, functionName: 'start', args: startArguments({ terms, keys }) })
  },
})

export const cut = command({
  name: 'agreement cut',
  summary: 'Records that a leg has ended and the taker has the goods. A cut to the payer delivers.',
  details:
    'Needs the frames of the leg: its keys, the offer, the acceptance and the cut; when a delegate accepted, the last envelope too.',
  example:
    'consign agreement cut --folder shipment --leg 0 --key-file shipper-x.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    const handover = handoverOf(await readFrames(folder, context.progress), leg)
    const what = `Leg ${leg} has ended after ${handover.n} envelopes.`
    return agreement.send({ what, ...cutCall({ terms, ...handover }) })
  },
})

/** The cut of a leg with what it names. Refusals 'folder.cut', 'folder.offer', 'folder.accept'. */
function handoverOf(frames: Frames, leg: number) {
  const of = framesOf(frames, leg)
  const advice = 'get its frame from the device or a feed'
  const [found] = of.cuts
  if (!found) throw new Refusal('folder.cut', `the folder holds no cut of leg ${leg}; ${advice}`)
  const offered = of.offers.find(({ digest }) => digest === found.offerDigest)
  if (!offered)
    throw new Refusal(
      'folder.offer',
      `the folder lacks the offer that the cut of leg ${leg} names; ${advice}`,
    )
  const accept = frames.accepts.get(found.offerDigest)
  if (!accept)
    throw new Refusal(
      'folder.accept',
      `the folder lacks the acceptance that the cut of leg ${leg} names; ${advice}`,
    )
  const { n, cut } = found
  const [last] = n > 0 && isDelegated(accept) ? runOf(of, n - 1, n - 1) : []
  return { keys: keysOf(of), offer: offered.offer, accept, cut, n, last: last?.wire }
}
