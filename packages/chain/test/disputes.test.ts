// Contests answered with what devices and parties really sign: SLH-DSA seals, leg keys and acceptances, and anchors with a witness.
import { decodeSignedSeal, encodeSignedSeal } from '@consign/envelope'
import { merkleRoot } from '@consign/merkle'
import { caseId, general } from '@consign/terms'
import { bytesToHex, createTestClient, type Hex, hexToBytes, http, parseEther } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import {
  addEnvelope,
  firstLeg,
  type Handover,
  handOver,
  type LegEvidence,
  makeShipment,
  type Shipment,
  sealLeg,
} from '../../../contracts/script/shipment.ts'
import {
  anchorAnswerArguments,
  anchorLogAbi,
  confirmLegArguments,
  contestArguments,
  cutArguments,
  sealAnswerArguments,
  startArguments,
  violationCalls,
} from '../src/index.ts'
import { above40, calls, create, degrees, draftWith, refusal } from './calls.ts'
import { startWorld, type World } from './world.ts'

const ANSWER_GAS_MAX = 1_000_000n
// CaseState
const [UPHELD, VOID] = [3, 5]

let world: World
let early: Voyage
let late: Voyage

type Voyage = {
  shipment: Shipment
  chain: ReturnType<typeof calls>
  first: LegEvidence
  second: LegEvidence
  handover: Handover
  seal: Hex
}

beforeAll(async () => {
  world = await startWorld()
  early = await prepare('shipper-y')
  late = await prepare('shipper-z')
  await depart(early)
})

afterAll(() => world.anvil.stop())

test('a seal of the leg answers within a million gas, another seal does not', async () => {
  const { second, chain, shipment } = early
  const id = await contested(early, 1)
  const { record, slhDsa } = decodeSignedSeal(hexToBytes(early.seal))
  const forged = (change: Partial<{ head: Uint8Array; slhDsa: Uint8Array }>) =>
    bytesToHex(
      encodeSignedSeal({
        record: { ...record, head: change.head ?? record.head },
        slhDsa: change.slhDsa ?? slhDsa,
      }),
    )
  const ofOther = decodeSignedSeal(hexToBytes(late.seal)).slhDsa
  const refused = 'AgreementPostQuantumSignatureInvalid'
  expect(await refusal(answer(early, id, 1, { seal: forged({ head: second.keysHash }) }))).toBe(refused)
  expect(await refusal(answer(early, id, 1, { seal: forged({ slhDsa: ofOther }) }))).toBe(refused)
  expect(await refusal(answer(early, id, 1, { sealKnown: true }))).toBe(refused)

  const before = await world.client.getBalance({ address: shipment.agreement })
  const { gasUsed } = await answer(early, id, 1)
  expect(gasUsed).toBeLessThan(ANSWER_GAS_MAX)
  expect((await chain.caseOf(id)).state).toBe(UPHELD)
  expect(before).toBeGreaterThan(0n)
  expect(await world.client.getBalance({ address: shipment.agreement })).toBe(0n)
})

test('a seal that is on chain answers the next contest for a tenth of that', async () => {
  const id = await contested(early, 3)
  const { gasUsed } = await answer(early, id, 3, { sealKnown: true })
  expect(gasUsed).toBeLessThan(ANSWER_GAS_MAX / 10n)
  expect((await early.chain.caseOf(id)).state).toBe(UPHELD)
})

test('after classicalUntil a witnessed anchor answers for a leg of before', async () => {
  const { second, shipment, chain } = early
  const leaves = second.digests
  const log = { address: world.deployment.anchorLog, abi: anchorLogAbi, chain: null } as const
  const anchored = [0n, bytesToHex(merkleRoot(leaves)), BigInt(leaves.length)] as const
  await mined(world.client.writeContract({ ...log, functionName: 'anchor', args: anchored }))
  const receipt = await mined(
    world.client.writeContract({ ...log, functionName: 'witness', args: [developer.address] }),
  )
  const { timestamp } = await world.client.getBlock({ blockNumber: receipt.blockNumber })
  await passTo(general(shipment.terms).classicalUntilMs / 1000)

  const id = await contested(early, 5)
  const evidence = {
    terms: shipment.terms,
    caseId: id,
    evidence: bytesToHex(leaves[5] as Uint8Array),
    anchorSeq: 0,
    leaves,
    size: leaves.length,
  }
  const send = (witnessedAt: number) =>
    chain.send({
      functionName: 'answerWithAnchor',
      args: anchorAnswerArguments({ ...evidence, witnessedAt }),
    })
  expect(await refusal(send(0))).toBe('AgreementAnchorTooLate')
  await send(Number(timestamp))
  expect((await chain.caseOf(id)).state).toBe(UPHELD)
})

test('legs that begin after classicalUntil are confirmed, then sealed evidence stands', async () => {
  await depart(late)
  const { first, second, handover, shipment, chain } = late
  const { terms } = shipment
  const id = await contested(late, 1)
  expect(await refusal(answer(late, id, 1))).toBe('AgreementLegNotConfirmed')

  const ofSecond = { keysBefore: first.signedKeys, offer: handover.offer, accept: handover.accept }
  const confirm = (args: Parameters<typeof confirmLegArguments>[0]) =>
    chain.send({ functionName: 'confirmLeg', args: confirmLegArguments(args) })
  const confirmSecond = () => confirm({ terms, keys: second.signedKeys, handover: ofSecond })
  expect(await refusal(confirmSecond())).toBe('AgreementLegNotConfirmed')
  await confirm({ terms, keys: first.signedKeys })
  const foreign = { ...ofSecond, accept: early.handover.accept }
  expect(await refusal(confirm({ terms, keys: second.signedKeys, handover: foreign }))).toBe(
    'AgreementPostQuantumSignatureInvalid',
  )
  await confirmSecond()
  await answer(late, id, 1)
  expect((await chain.caseOf(id)).state).toBe(UPHELD)
})

test('what nobody answers is void', async () => {
  const id = await contested(late, 3)
  const { openUntil } = await late.chain.caseOf(id)
  await passTo(openUntil + 1)
  await late.chain.send({ functionName: 'resolve', args: [id] })
  expect((await late.chain.caseOf(id)).state).toBe(VOID)
  expect((await late.chain.caseOf(id)).penalty).toBe(0n)
})

/** A shipment with excursions in envelopes 1, 3 and 5 of the leg of shipper-x; its agreement is made, and no leg begun. */
async function prepare(carrier: string): Promise<Voyage> {
  const place = { ...world.deployment, anchorWriter: developer.address.toLowerCase() as Hex }
  const shipment = await makeShipment(place, draftWith(carrier))
  const first = await firstLeg(shipment)
  await addEnvelope(first, degrees(20, 21))
  const taker = shipment.parties['shipper-x']
  if (!taker) throw new Error('nobody takes the goods')
  const handover = await handOver(shipment, first, taker)
  const second = handover.next
  for (let seq = 0; seq < 7; seq++) await addEnvelope(second, seq % 2 ? degrees(39, 45) : degrees(20, 20))
  await create(world.client, world.deployment.factory, shipment)
  const chain = calls(world.client, shipment.agreement)
  return { shipment, chain, first, second, handover, seal: await sealLeg(second) }
}

async function depart({ shipment, chain, first, handover }: Voyage): Promise<void> {
  const { terms } = shipment
  await chain.start(startArguments({ terms, keys: first.signedKeys }))
  await chain.recordCut(cutArguments({ terms, keys: first.signedKeys, ...handover }))
}

/** The excursion in an envelope, proven and contested. */
async function contested({ shipment, chain, second }: Voyage, seq: number): Promise<Hex> {
  const { terms, agreement } = shipment
  const limit = above40(shipment)
  const run = second.wires.slice(seq - 1, seq + 1)
  const evidence = { terms, limit, keys: second.signedKeys, run, start: { seq, index: 1 } }
  for (const call of violationCalls(evidence)) await chain.send(call)

  const id = caseId({ agreement, leg: 1, limitId: limit.limitId, startSeq: seq, startIndex: 1 })
  const accused = shipment.parties['shipper-x']?.wallet
  if (!accused) throw new Error('nobody is accused')
  const value = parseEther('1')
  await world.giveEther(accused.address)
  const call = { functionName: 'contest', args: contestArguments({ terms, caseId: id }) } as const
  await chain.send(call, { account: accused, value })
  return id
}

function answer(
  { shipment, chain, second, seal }: Voyage,
  id: Hex,
  seq: number,
  changes: { seal?: Hex; sealKnown?: boolean } = {},
) {
  const { terms } = shipment
  const { digests, signedKeys: keys } = second
  const args = sealAnswerArguments({ terms, caseId: id, keys, seal, digests, seq, ...changes })
  return chain.send({ functionName: 'answerWithSeal', args })
}

/** The latest block is of this time from now on, in seconds since 1970. */
async function passTo(timestampS: number): Promise<void> {
  const chain = createTestClient({ mode: 'anvil', transport: http(world.anvil.url) })
  await chain.setNextBlockTimestamp({ timestamp: BigInt(timestampS) })
  await chain.mine({ blocks: 1 })
}

async function mined(sent: Promise<Hex>) {
  return world.client.waitForTransactionReceipt({ hash: await sent, pollingInterval: 20 })
}
