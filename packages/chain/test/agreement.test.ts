// The life of one agreement, from its signatures to its last token, by the calls of this package and the bytes that devices and parties sign.
import { native } from '@consign/envelope'
import {
  caseId,
  deadline,
  limits,
  partyByName,
  payoutPlan,
  signAcknowledgement,
  type TermsDraft,
  windows,
} from '@consign/terms'
import { type Judgement, limitFold } from '@consign/terms/judging'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import {
  bytesToHex,
  createTestClient,
  type Hex,
  http,
  type LocalAccount,
  parseEther,
  parseEventLogs,
} from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  addEnvelope,
  firstLeg,
  type Handover,
  handOver,
  handOverManually,
  type LegEvidence,
  makeShipment,
  type Rows,
  type Shipment,
  sealLeg,
} from '../../../contracts/script/shipment.ts'
import { readStoredEnvelope } from '../../../services/penalty/src/domain/stored-envelope.ts'
import {
  agreementAbi,
  claimArguments,
  contestArguments,
  cutArguments,
  fundArguments,
  isProvable,
  lateArguments,
  manualCutArguments,
  releaseArguments,
  sealAnswerArguments,
  settleArguments,
  settlementTokenAbi,
  silenceArguments,
  startArguments,
  violationCalls,
} from '../src/index.ts'
import { calls, create, refusal } from './calls.ts'
import { startWorld, type World } from './world.ts'

const DRAFT: TermsDraft = {
  ...SAMPLE_DRAFT,
  limits: [
    { metric: 'temperature', above: 40, penaltyTokens: '3', perStepTokens: '1', step: 1 },
    {
      metric: 'temperature',
      kind: 'single',
      above: 30,
      minutes: 12,
      between: 'linear',
      penaltyTokens: '2',
      perStepTokens: '0.5',
      stepMinutes: 5,
      startUpMinutes: 15,
    },
    {
      metric: 'humidity',
      kind: 'cumulative',
      above: 80,
      minutes: 30,
      gapMinutesMax: 60,
      between: 'worstCase',
      penaltyTokens: '2',
      perStepTokens: '0.001',
      stepMinutes: 5,
      beneficiary: 'supplier',
    },
  ],
  silence: { minutesMax: 60, penaltyTokens: '1' },
  deadline: { hours: 240, penaltyTokens: '4' },
  guaranteePercent: 50,
}
const TOKEN = 10n ** 18n
const LONG_READINGS = 512
const LONG_ENVELOPES = 26

let world: World
let shipment: Shipment
let chain: ReturnType<typeof calls>
let [leg0, leg1]: LegEvidence[] = []
let toX: Handover
const judged: (Judgement & { id: Hex })[] = []

const walletOf = (name: string) => partyByName(shipment.terms, name)?.wallet as Hex
const accountOf = (name: string) => shipment.parties[name]?.wallet as LocalAccount
const keysOf = (name: string) => shipment.parties[name]!
const read = <Name extends 'penaltiesOf' | 'awardOf'>(functionName: Name, wallet: Hex) =>
  world.client.readContract({
    address: shipment.agreement,
    abi: agreementAbi,
    functionName: functionName as 'penaltiesOf',
    args: [wallet],
  })
const balanceOf = (wallet: Hex) =>
  world.client.readContract({
    address: world.deployment.token,
    abi: settlementTokenAbi,
    functionName: 'balanceOf',
    args: [wallet],
  })
const travel = async (seconds: number) => {
  const test = createTestClient({ mode: 'anvil', transport: http(world.anvil.url) })
  await test.increaseTime({ seconds })
  await test.mine({ blocks: 1 })
}

// Degrees and percent by turns, inside and outside, with gaps.
const rows = (...values: [number | undefined, number][]): Rows =>
  values.map(([temperature, humidity]) => ({
    ...(temperature === undefined ? {} : { temperature: temperature * 1000 }),
    humidity: humidity * 1000,
  }))

beforeAll(async () => {
  world = await startWorld()
  shipment = await makeShipment(world.deployment, DRAFT)
  chain = calls(world.client, shipment.agreement)
  leg0 = await firstLeg(shipment)
  await addEnvelope(
    leg0,
    rows([45, 50], [35, 50], [36, 90], [29, 50], [37, 50], [38, 50], [39, 85], [41, 50], [20, 50]),
  )
  toX = await handOver(shipment, leg0, keysOf('shipper-x'))
  leg1 = toX.next
  await addEnvelope(leg1, rows([20, 90], [41, 90], [47, 90], [undefined, 90], [20, 90], [31, 90], [33, 90]))
  await addEnvelope(leg1, rows([34, 95], [44, 70], [20, 70]))
  await addEnvelope(leg1, rows([20, 70], [43, 81]), 3 * 3_600_000)
  const damp = Array.from({ length: LONG_READINGS }, (): [number, number] => [20, 85])
  for (let count = 0; count < LONG_ENVELOPES; count++) await addEnvelope(leg1, rows(...damp))
  await addEnvelope(leg1, [], 20 * 86_400_000)
}, 120_000)

afterAll(() => world?.anvil.stop())

describe('custody', () => {
  test('begins once the payer has funded the guarantee', async () => {
    const { terms } = shipment
    await create(world.client, world.deployment.factory, shipment)
    const start = startArguments({ terms, keys: leg0!.signedKeys })
    expect(await refusal(chain.start(start))).toBe('AgreementNotFunded')
    const approve = {
      address: world.deployment.token,
      abi: settlementTokenAbi,
      functionName: 'approve',
      args: [shipment.agreement, 1000n * TOKEN],
      account: world.payer,
      chain: null,
    } as const
    await world.client.waitForTransactionReceipt({ hash: await world.client.writeContract(approve) })
    await chain.send({ functionName: 'fund', args: fundArguments(terms) }, { account: world.payer })
    expect(await balanceOf(shipment.agreement)).toBe(150n * TOKEN)
    await chain.start(start)
    expect(await chain.custodianOf(0)).toBe(walletOf('supplier'))
    expect(await refusal(chain.start(start))).toBe('AgreementAlreadyStarted')
  })

  test('passes by what device and taker signed', async () => {
    const { terms } = shipment
    const strangers = (await makeShipment(world.deployment, draftWithStranger())).parties.stranger!
    const strange = await handOver(shipment, leg0!, strangers)
    expect(() => cutArguments({ terms, keys: leg0!.signedKeys, ...strange })).toThrow('do not list')
    const args = cutArguments({ terms, keys: leg0!.signedKeys, ...toX })
    await chain.recordCut(args)
    expect(await chain.custodianOf(1)).toBe(walletOf('shipper-x'))
    expect(await chain.legOf(0)).toMatchObject({ ended: true, n: 1 })
    expect(await chain.legOf(1)).toMatchObject({ ended: false, keysHash: bytesToHex(leg1!.keysHash) })
    expect(await refusal(chain.recordCut(args))).toBe('AgreementLegEnded')
  })
})

describe('breaches', () => {
  test('of every limit cost on chain what the services charge for them', async () => {
    const { terms, agreement } = shipment
    for (const leg of [leg0!, leg1!]) {
      for (const limit of limits(terms)) {
        if (!isProvable(limit)) throw new Error('the chain cannot judge it')
        for (const judgement of judgementsOf(leg, limit)) {
          const { startSeq, startIndex, runFromSeq, runToSeq } = judgement
          const id = caseId({ agreement, leg: leg.ref.leg, limitId: limit.limitId, startSeq, startIndex })
          const start = limit.kind === 'limit.cumulative' ? undefined : { seq: startSeq, index: startIndex }
          const run = leg.wires.slice(runFromSeq, runToSeq + 1)
          for (const call of violationCalls({ terms, limit, keys: leg.signedKeys, run, start }))
            await chain.send(call)
          expect((await chain.caseOf(id)).penalty).toBe(judgement.penalty)
          judged.push({ ...judgement, id })
        }
      }
    }
    expect(judged.map(({ clause, startSeq }) => [clause.kind, startSeq])).toEqual([
      ['limit.instantaneous', 0],
      ['limit.instantaneous', 0],
      ['limit.single', 0],
      ['limit.instantaneous', 0],
      ['limit.instantaneous', 1],
      ['limit.instantaneous', 2],
      ['limit.single', 0],
      ['limit.single', 0],
      ['limit.cumulative', 0xffffffff],
    ])
  })

  test('that take more than a transaction are proven by scans, which leave nothing behind', async () => {
    const events = await chain.events()
    const scans = events.filter((event) => event.eventName === 'ScanAdvanced')
    expect(scans.length).toBe(2)
    expect(
      await refusal(chain.send({ functionName: 'dropScan', args: [1, limits(shipment.terms)[2]!.limitId] })),
    ).toBe('AgreementNoScan')
  })

  test('of silence and of the deadline are shown by two headers', async () => {
    const { terms } = shipment
    const keys = leg1!.signedKeys
    const [wire, next] = leg1!.wires.slice(1, 3) as [Uint8Array, Uint8Array]
    const before = await read('penaltiesOf', walletOf('shipper-x'))
    await chain.send({ functionName: 'proveSilence', args: silenceArguments({ terms, keys, wire, next }) })
    const late = lateArguments({
      terms,
      clause: deadline(terms),
      keys,
      late: leg1!.wires.at(-1)!,
      before: { keys: leg0!.signedKeys, wire: leg0!.wires.at(-1)! },
    })
    await chain.send({ functionName: 'proveLate', args: late })
    expect((await read('penaltiesOf', walletOf('shipper-x'))) - before).toBe(5n * TOKEN)
  })

  test('stand against a contest when the leg seal answers it', async () => {
    const { terms } = shipment
    const accused = accountOf('shipper-x')
    await world.giveEther(accused.address)
    const contested = judged.slice(-2)
    const bond = { account: accused, value: parseEther('1') }
    for (const { id } of contested)
      await chain.send({ functionName: 'contest', args: contestArguments({ terms, caseId: id }) }, bond)
    const evidence = { terms, keys: leg1!.signedKeys, seal: await sealLeg(leg1!), digests: leg1!.digests }
    for (const [number, { id, penalty }] of contested.entries()) {
      const { seq } = await chain.caseOf(id)
      const args = sealAnswerArguments({ ...evidence, caseId: id, seq, sealKnown: number > 0 })
      await chain.send({ functionName: 'answerWithSeal', args })
      expect((await chain.caseOf(id)).penalty).toBe(penalty)
    }
  })

  test('are charged no longer when nobody answers', async () => {
    const { terms } = shipment
    const { id, penalty } = judged.find(
      ({ clause, penalty }) => clause.kind === 'limit.instantaneous' && penalty > 3n * TOKEN,
    )!
    const { custodian } = await chain.legOf((await chain.caseOf(id)).leg)
    const accused = Object.values(shipment.parties).find(({ wallet }) => wallet.address === custodian)!.wallet
    await world.giveEther(accused.address)
    const before = await read('penaltiesOf', custodian)
    const bond = { account: accused, value: parseEther('1') }
    await chain.send({ functionName: 'contest', args: contestArguments({ terms, caseId: id }) }, bond)
    await travel(windows(terms).answerMs / 1000 + 1)
    await chain.send({ functionName: 'resolve', args: [id] })
    expect(before - (await read('penaltiesOf', custodian))).toBe(penalty)
    judged.splice(
      judged.findIndex((one) => one.id === id),
      1,
    )
  })
})

describe('the end', () => {
  test('settles as the payout plan says', async () => {
    const { terms } = shipment
    const { next, ...manual } = await handOverManually(
      shipment,
      leg1!,
      keysOf('shipper-x'),
      keysOf('factory'),
    )
    await chain.send({ functionName: 'recordManualCut', args: manualCutArguments({ terms, ...manual }) })
    expect(next.ref.leg).toBe(2)
    expect(await refusal(chain.send({ functionName: 'settle', args: settleArguments(terms) }))).toBe(
      'AgreementNotSettleable',
    )
    await travel(windows(terms).disputeMs / 1000 + 1)
    const receipt = await chain.send({ functionName: 'settle', args: settleArguments(terms) })
    const fixed = parseEventLogs({ abi: agreementAbi, eventName: 'PayoutFixed', logs: receipt.logs })
    const plan = payoutPlan({ terms, violations: await chargedCases() })
    expect(fixed.map(({ args }) => [args.party.toLowerCase(), args.charged, args.uncollected])).toEqual(
      plan.payouts.map(({ wallet, penalty, uncollected }) => [wallet, BigInt(penalty), BigInt(uncollected)]),
    )
    const [award] = plan.awards
    expect(await read('awardOf', walletOf('supplier'))).toBe(BigInt(award?.amount ?? 0))
    const [settled] = parseEventLogs({ abi: agreementAbi, eventName: 'Settled', logs: receipt.logs })
    expect(settled?.args).toEqual({ amountTotal: 300n * TOKEN, refund: BigInt(plan.refund) })
  })

  test('pays the guarantee to who was not paid, and gives the rest back', async () => {
    const { terms } = shipment
    const supplier = walletOf('supplier')
    const acknowledgement = { party: supplier, cumulative: 500n * TOKEN }
    const { ecdsa } = await signAcknowledgement(native, keysOf('supplier'), shipment, acknowledgement)
    await chain.send({ functionName: 'acknowledge', args: [supplier, acknowledgement.cumulative, ecdsa] })
    await chain.send({ functionName: 'release', args: releaseArguments(terms, supplier) })
    const claim = (name: string) =>
      chain.send({ functionName: 'claim', args: claimArguments(terms, walletOf(name)) })
    expect(await refusal(claim('shipper-y'))).toBe('AgreementClaimTooEarly')
    await travel(windows(terms).paymentMs / 1000 + 1)
    expect(await refusal(claim('supplier'))).toBe('AgreementNothingDue')
    await claim('shipper-y')
    expect(await balanceOf(walletOf('shipper-y'))).toBe(25n * TOKEN)
    const plan = payoutPlan({ terms, violations: await chargedCases() })
    const due = BigInt(plan.payouts.find(({ party }) => party === 'shipper-x')?.paid ?? 0)
    const claimable = due < 25n * TOKEN ? due : 25n * TOKEN
    if (claimable < 25n * TOKEN)
      await chain.send({ functionName: 'release', args: releaseArguments(terms, walletOf('shipper-x')) })
    await claim('shipper-x')
    expect(await balanceOf(walletOf('shipper-x'))).toBe(claimable)
    expect(await balanceOf(shipment.agreement)).toBe(0n)
  })
})

function judgementsOf(leg: LegEvidence, limit: Parameters<typeof limitFold>[0]): Judgement[] {
  const found: Judgement[] = []
  const docket = { warn: () => {}, judge: (judgement: Judgement) => void found.push(judgement) }
  const fold = limitFold(limit, leg.ref.leg)
  for (const wire of leg.wires) fold.take(readStoredEnvelope(wire, '', ['temperature', 'humidity']), docket)
  fold.end(docket)
  return found
}

async function chargedCases() {
  const charged = []
  const seen = new Set<Hex>()
  for (const event of await chain.events()) {
    if (event.eventName !== 'ViolationProven' || seen.has(event.args.caseId)) continue
    seen.add(event.args.caseId)
    const { limitId, penalty, beneficiary, leg } = await chain.caseOf(event.args.caseId)
    const custodian = (await chain.legOf(leg)).custodian.toLowerCase() as Hex
    if (penalty > 0n) charged.push({ caseId: event.args.caseId, limitId, custodian, penalty, beneficiary })
  }
  return charged
}

function draftWithStranger(): TermsDraft {
  const named = SAMPLE_DRAFT.parties.map((each) =>
    each.name === 'shipper-y' ? { ...each, name: 'stranger' } : each,
  )
  return { ...SAMPLE_DRAFT, parties: named }
}
