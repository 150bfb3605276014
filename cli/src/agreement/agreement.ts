/** The agreement that a folder's terms are about: its address follows from terms, signers and factory. */
import { type AgreementArguments, type AgreementCallName, agreementAbi } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import {
  agreementAddress,
  type PartyClause,
  parties,
  partyByWallet,
  payee,
  payer,
  type Terms,
  termsHash,
} from '@consign/terms'
import { getContract, type Hex } from 'viem'
import { type Report, required } from '../command.ts'
import type { Chain, Context } from '../context.ts'
import { readTerms } from '../party-folder.ts'
import { type Call, transact } from '../transact.ts'
import { folder, hash, uint32 } from '../values.ts'
import { describeEvents } from './events.ts'

export const FOLDER = required(folder, 'what the party holds: terms.json, signatures.json, frames/')
export const LEG = required(uint32, 'number of the leg, from 0')
export const CASE = required(hash, 'case id, as agreement show lists it')

/** One call of it: `what` has happened once it is mined. */
export type Step<Name extends AgreementCallName> = {
  what: string
  functionName: Name
  args: AgreementArguments<Name>
  valueWei?: bigint
}

export type OpenAgreement = Awaited<ReturnType<typeof openAgreement>>

export async function openAgreement(context: Context, dir: string) {
  const terms = await readTerms(dir)
  const chain = await context.chain()
  const address = addressOf(chain, terms)
  const { client } = chain
  const call = ({ what, functionName, args, valueWei }: Step<AgreementCallName>): Call => ({
    ...{ what, functionName, args, to: address, abi: agreementAbi },
    ...(valueWei === undefined ? {} : { valueWei }),
  })
  return {
    terms,
    chain,
    address,
    place: { chainId: chain.chainId, agreement: address },
    read: getContract({ address, abi: agreementAbi, client }).read,
    call,
    /** Sends steps one after another and tells what came of them. */
    send: (...steps: Step<AgreementCallName>[]): Promise<Report> =>
      transact(context, steps.map(call), (events) => describeEvents(events, terms)),
  }
}

export function addressOf({ contracts }: Chain, terms: Terms): Hex {
  const { factory, implementation } = contracts
  const signers = { payer: payer(terms).wallet, payee: payee(terms).wallet }
  return agreementAddress({ factory, implementation, termsHash: termsHash(terms), ...signers })
}

/** Name of a wallet in the terms, or the wallet itself. */
export const nameOf = (terms: Terms, wallet: Hex): string => partyByWallet(terms, wallet)?.name ?? wallet

/** By name or wallet. Refusal 'argument.party'. */
export function partyOf(terms: Terms, given: string): PartyClause {
  const found = parties(terms).find(({ name, wallet }) => name === given || wallet === given.toLowerCase())
  if (found) return found
  const names = parties(terms).map(({ name }) => name)
  throw new Refusal(
    'argument.party',
    `no party is called or has the wallet "${given}"; the terms name ${names.join(', ')}`,
  )
}
