import { forkArguments, tamperingArguments } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { tamper } from '@consign/terms'
import { command } from '../command.ts'
import { framesOf, keysOf, readFrames } from '../party-folder.ts'
import { FOLDER, LEG, openAgreement } from './agreement.ts'

export const fork = command({
  name: 'agreement fork',
  summary: 'Reports that the device signed two different envelopes under one number.',
  details: 'The folder must hold both. From the fork on nothing of the leg is charged for limits.',
  example:
    'consign agreement fork --folder shipment --leg 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const frames = framesOf(await readFrames(folder, context.progress), leg)
    const [first] = frames.forks
    if (!first)
      throw new Refusal(
        'prove.nothing',
        `the folder holds no two different envelopes of one number of leg ${leg}`,
      )
    const keys = keysOf(frames)
    const args = forkArguments({ keys, one: first.one.wire, other: first.other.wire })
    return agreement.send({
      what: `Leg ${leg} is forked at envelope ${first.seq}.`,
      functionName: 'reportFork',
      args,
    })
  },
})

export const tampering = command({
  name: 'agreement tampering',
  summary: 'Charges the tamper clause for a reported fork of a device whose keys cannot be copied.',
  example:
    'consign agreement tampering --folder shipment --leg 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, leg: LEG },
  run: async (context, { folder, leg }) => {
    const agreement = await openAgreement(context, folder)
    const { terms } = agreement
    if (!tamper(terms)) throw new Refusal('terms.clause', 'the terms have no tamper clause')
    const args = tamperingArguments({ terms, leg })
    return agreement.send({
      what: `Tampering in leg ${leg} is charged.`,
      functionName: 'proveTampering',
      args,
    })
  },
})
