import { agreementAbi, agreementFactoryAbi, type PublicClient } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { general, guaranteeOf, type PartyClause, parties, payer } from '@consign/terms'
import type { Hex } from 'viem'
import { command, optional, type Report } from '../command.ts'
import { number } from '../values.ts'
import { secondsWritten, table, timeWritten, tokensWritten } from '../written.ts'
import { FOLDER, nameOf, type OpenAgreement, openAgreement } from './agreement.ts'
import { CASE_STATES, PHASES } from './states.ts'

const LEGS_SHOWN_MAX = 64

export const show = command({
  name: 'agreement show',
  summary: 'Shows where an agreement stands: phase, legs, cases, money.',
  details:
    'Cases are found by the events of the agreement; --from-block spares a node that serves logs of short ranges.',
  example: 'consign agreement show --folder shipment --rpc http://127.0.0.1:8545',
  options: {
    folder: FOLDER,
    'from-block': optional(number, 'block in which the agreement was made, or an earlier one'),
  },
  run: async (context, { folder, 'from-block': fromBlock = 0 }): Promise<Report> => {
    const agreement = await openAgreement(context, folder)
    const { address, chain } = agreement
    if ((await chain.client.getCode({ address })) === undefined)
      throw new Refusal(
        'agreement.missing',
        `the agreement ${address} is not made yet; run consign agreement create`,
      )
    const state = await stateOf(agreement)
    const legs = await legsOf(agreement)
    const cases = await casesOf(agreement, BigInt(fromBlock))
    const money = await Promise.all(
      parties(agreement.terms)
        .filter(({ role }) => role !== 'payer')
        .map((party) => moneyOf(agreement, party)),
    )
    return {
      lines: [
        ...stateLines(agreement, state),
        '',
        ...legLines(agreement, legs),
        '',
        ...caseLines(agreement, cases),
        '',
        ...moneyLines(money),
      ],
      data: { agreement: address, ...state, legs, cases, parties: money },
    }
  },
})

async function stateOf({ read }: OpenAgreement) {
  const [phase, deliveredAt, settledAt, isFunded, openDisputes] = await Promise.all([
    read.phase(),
    read.deliveredAt(),
    read.settledAt(),
    read.isFunded(),
    read.openDisputes(),
  ])
  return { phase: PHASES[phase] ?? 'unknown', deliveredAt, settledAt, isFunded, openDisputes }
}

function stateLines({ address, terms }: OpenAgreement, state: Awaited<ReturnType<typeof stateOf>>): string[] {
  const { deliveredAt, settledAt, openDisputes } = state
  const guaranteed = BigInt(general(terms).guaranteeTotal)
  return [
    `Agreement ${address} about shipment ${general(terms).shipment}: ${state.phase}`,
    ...(deliveredAt > 0n ? [`Delivered or closed ${secondsWritten(deliveredAt)}`] : []),
    ...(settledAt > 0n ? [`Settled ${secondsWritten(settledAt)}`] : []),
    `Guarantee of ${tokensWritten(guaranteed)}: ${fundedWord(guaranteed, state.isFunded)}`,
    `Open disputes: ${openDisputes}`,
  ]
}

function fundedWord(guaranteed: bigint, isFunded: boolean): string {
  if (guaranteed === 0n) return 'none agreed'
  return isFunded ? 'paid in' : 'not paid in'
}

async function legsOf({ read }: OpenAgreement) {
  const legs = []
  for (let leg = 0; leg < LEGS_SHOWN_MAX; leg++) {
    const known = await read.legOf([leg])
    if (BigInt(known.custodian) === 0n) break
    legs.push({ leg, ...known, tender: await read.tenderOf([leg]) })
  }
  return legs
}

function legLines({ terms }: OpenAgreement, legs: Awaited<ReturnType<typeof legsOf>>): string[] {
  if (legs.length === 0) return ['No leg has begun.']
  return table(
    ['leg', 'custodian', 'recorded', 'envelopes', 'tender'],
    legs.map(({ leg, custodian, beganAt, ended, n, tender }) => [
      ...[String(leg), nameOf(terms, custodian), secondsWritten(beganAt), ended ? String(n) : 'goes on'],
      tender.tenderedMs === 0n
        ? ''
        : `${timeWritten(Number(tender.tenderedMs))}${tender.refused ? ', refused' : ''}`,
    ]),
  )
}

async function casesOf({ read, address, chain }: OpenAgreement, fromBlock: bigint) {
  const ids = await caseIds(chain.client, address, fromBlock)
  return Promise.all(ids.map(async (caseId) => ({ caseId, ...(await read.caseOf([caseId])) })))
}

async function caseIds(client: PublicClient, address: Hex, fromBlock: bigint): Promise<Hex[]> {
  const found = { address, abi: agreementAbi, fromBlock } as const
  const proven = await client.getContractEvents({ ...found, eventName: 'ViolationProven' })
  const claimed = await client.getContractEvents({ ...found, eventName: 'SilenceClaimed' })
  return [...new Set([...proven, ...claimed].map(({ args }) => args.caseId as Hex))]
}

function caseLines({ terms }: OpenAgreement, cases: Awaited<ReturnType<typeof casesOf>>): string[] {
  if (cases.length === 0) return ['No case.']
  return cases.flatMap(({ caseId, state, leg, limitId, penalty, openUntil, beneficiary }) => {
    const open = openUntil > 0 ? `, open until ${secondsWritten(openUntil)}` : ''
    const word = CASE_STATES[state] ?? 'unknown'
    return [
      `Case ${caseId}`,
      `  leg ${leg}, clause ${limitId}: ${word}${open}; ${tokensWritten(penalty)} to ${nameOf(terms, beneficiary)}`,
    ]
  })
}

async function moneyOf({ terms, read, chain }: OpenAgreement, party: PartyClause) {
  const { name, wallet } = party
  const { client, contracts } = chain
  const rating = { address: contracts.factory, abi: agreementFactoryAbi, functionName: 'ratingOf' } as const
  const [penalties, acknowledged, award, [claimed, released], rated] = await Promise.all([
    read.penaltiesOf([wallet]),
    read.acknowledgedBy([wallet]),
    read.awardOf([wallet]),
    read.guaranteeUsed([wallet]),
    client.readContract({ ...rating, args: [payer(terms).wallet, wallet] }),
  ])
  const guarantee = guaranteeOf(BigInt(party.amount), general(terms).guaranteeBps)
  return {
    name,
    wallet,
    amount: BigInt(party.amount),
    penalties,
    acknowledged,
    award,
    guarantee,
    claimed,
    released,
    rating: rated,
  }
}

function moneyLines(money: Awaited<ReturnType<typeof moneyOf>>[]): string[] {
  const amount = (units: bigint) => tokensWritten(units)
  return table(
    [
      'party',
      'agreed',
      'penalties',
      'awarded',
      'off chain',
      'guarantee',
      'claimed',
      'released',
      'clean / settled',
    ],
    money.map(({ name, rating, ...each }) => [
      ...[name, amount(each.amount), amount(each.penalties), amount(each.award), amount(each.acknowledged)],
      ...[
        amount(each.guarantee),
        amount(each.claimed),
        amount(each.released),
        `${rating.clean} / ${rating.agreements}`,
      ],
    ]),
  )
}
