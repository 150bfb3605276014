import { claimArguments, releaseArguments, settleArguments } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { partyByWallet, signAcknowledgement } from '@consign/terms'
import type { Hex } from 'viem'
import { command, flag, optional, type Report, required } from '../command.ts'
import { readAcknowledgements, writeJson } from '../party-folder.ts'
import { text, tokens } from '../values.ts'
import { tokensWritten } from '../written.ts'
import { FOLDER, openAgreement, partyOf } from './agreement.ts'

export const acknowledge = command({
  name: 'agreement acknowledge',
  summary: 'Signs what the party of the key file got off chain in all, or sends what parties have signed.',
  details:
    'With --total it signs and adds the signature to acknowledgements.json; with --submit it sends those that are above what the chain knows.',
  example:
    'consign agreement acknowledge --folder shipment --total 150 --submit --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    total: optional(tokens, 'all that was ever paid off chain for this agreement'),
    submit: flag('send what is signed'),
  },
  run: async (context, { folder, total, submit }): Promise<Report> => {
    const agreement = await openAgreement(context, folder)
    const { terms, place, read } = agreement
    let known = await readAcknowledgements(folder)
    const lines: string[] = []
    if (total !== undefined) {
      const keys = await context.keys()
      const { wallet } = keys
      const party = partyByWallet(terms, wallet.address)
      if (!party)
        throw new Refusal(
          'argument.signer',
          `${wallet.address} is no party of these terms; use a party's key file`,
        )
      const statement = { party: party.wallet, cumulative: total }
      const signature = await signAcknowledgement(context.crypto, keys, place, statement)
      const signed = { party: party.wallet, cumulative: String(total), signature }
      known = [...known.filter((each) => each.party !== party.wallet), signed]
      if (!context.dryRun) await writeJson(folder, 'acknowledgements.json', known)
      lines.push(`${party.name} acknowledges ${tokensWritten(total)} in all.`)
    }
    if (!submit) {
      if (total === undefined)
        throw new Refusal('argument.missing', '--total TOKENS or --submit is needed; see --help')
      return { lines, data: { acknowledgements: known } }
    }
    const steps = []
    for (const { party, cumulative, signature } of known) {
      if ((await read.acknowledgedBy([party])) >= BigInt(cumulative)) continue
      const what = `${partyOf(terms, party).name} has acknowledged ${tokensWritten(BigInt(cumulative))}.`
      const args = [party, BigInt(cumulative), signature.ecdsa] as const
      steps.push({ what, functionName: 'acknowledge' as const, args })
    }
    const report = await agreement.send(...steps)
    if (steps.length === 0) lines.push('The chain knows all that is signed; nothing was sent.')
    return { lines: [...lines, ...report.lines], data: { acknowledgements: known, ...report.data } }
  },
})

export const settle = command({
  name: 'agreement settle',
  summary: 'Fixes who gets what, once the windows are over and no dispute is open. Anyone may.',
  example: 'consign agreement settle --folder shipment --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }) => {
    const agreement = await openAgreement(context, folder)
    const args = settleArguments(agreement.terms)
    return agreement.send({ what: 'The agreement is settled.', functionName: 'settle', args })
  },
})

const PARTY = required(text, 'name or wallet of the party')

export const claim = command({
  name: 'agreement claim',
  summary:
    'Pays a party from its guarantee what it was not paid off chain. Anyone may, after the payment window.',
  example:
    'consign agreement claim --folder shipment --party supplier --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, party: PARTY },
  run: async (context, { folder, party }) => {
    const agreement = await openAgreement(context, folder)
    const { name, wallet } = partyOf(agreement.terms, party)
    const args = claimArguments(agreement.terms, wallet as Hex)
    return agreement.send({ what: `The guarantee of ${name} is claimed.`, functionName: 'claim', args })
  },
})

export const release = command({
  name: 'agreement release',
  summary:
    "Gives the payer back what of a party's guarantee can no longer be claimed. Anyone may, after settlement.",
  example:
    'consign agreement release --folder shipment --party supplier --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER, party: PARTY },
  run: async (context, { folder, party }) => {
    const agreement = await openAgreement(context, folder)
    const { name, wallet } = partyOf(agreement.terms, party)
    const args = releaseArguments(agreement.terms, wallet as Hex)
    return agreement.send({ what: `What ${name} does not need is released.`, functionName: 'release', args })
  },
})
