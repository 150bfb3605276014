import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { savePartyKeys, type TermsDraft } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import type { Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { coverOrganisation } from '../../contracts/script/organisation.ts'
import {
  addEnvelope,
  firstLeg,
  handOver,
  handOverManually,
  type LegEvidence,
  makeShipment,
  offerLeg,
  type Shipment,
} from '../../contracts/script/shipment.ts'
import { writeFrame, writeLeg } from './frames.ts'
import { type Stage, setStage } from './stage.ts'

// What a walk without trouble never needs. Each shipment is its own; the commands on it stand on each other.

const PARTIES = [
  { name: 'factory', role: 'payer' as const },
  { name: 'supplier', role: 'payee' as const, amountTokens: '200' },
  { name: 'shipper-x', role: 'carrier' as const, amountTokens: '50' },
]
const LIMIT = { metric: 'temperature' as const, above: 40, penaltyTokens: '10' }
const THERE = { temperature: 20_000, latitude: 525_000_000, longitude: 134_000_000 }

let stage: Stage
let deployment: Awaited<ReturnType<Stage['deploy']>>

beforeAll(async () => {
  stage = await setStage()
  const { parties } = sampleAgreement({ parties: PARTIES, limits: [LIMIT] })
  for (const [name, keys] of Object.entries(parties)) {
    await savePartyKeys(stage.file(`${name}.key`), keys)
    await stage.giveEther(keys.wallet.address)
  }
  deployment = await stage.deploy(parties.factory!.wallet.address)
  await coverOrganisation(stage.client, deployment, parties.factory!.wallet)
}, 240_000)
afterAll(() => stage?.end())

const done = async (line: string, as: string) => {
  const answer = await stage.run(line, as)
  if (answer.code !== 0) throw new Error(`consign ${line} ended with ${answer.code}: ${answer.stderr}`)
  return answer
}

/** A shipment under way, in a folder of its own. */
async function begin(folder: string, draft: Partial<TermsDraft>, rows: object[]) {
  const shipment = await makeShipment(deployment, { parties: PARTIES, limits: [LIMIT], ...draft })
  const leg = await firstLeg(shipment)
  await addEnvelope(leg, rows)
  writeLeg(stage.file(folder), leg)
  const signatures = { payer: shipment.payerSignature, payee: shipment.payeeSignature }
  writeFileSync(join(stage.file(folder), 'terms.json'), JSON.stringify(shipment.terms))
  writeFileSync(join(stage.file(folder), 'signatures.json'), JSON.stringify(signatures))
  await done(`agreement create --folder ${folder}`, 'factory')
  await done(`agreement start --folder ${folder}`, 'supplier')
  return { shipment, leg }
}

const caseIn = ({ stdout }: { stdout: string }): Hex => /case (0x[0-9a-f]{64})/.exec(stdout)![1] as Hex

describe('goods that are offered at their destination', () => {
  const draft = {
    tender: { destination: { south: 52, north: 53, west: 13, east: 14 }, graceHours: 2 },
    milestones: [{ party: 'supplier', hours: 1, penaltyTokens: '7' }],
  }
  let shipment: Shipment
  let second: LegEvidence

  it('can be refused by the payer with reasons', async () => {
    const begun = await begin('tendered', draft, [THERE])
    shipment = begun.shipment
    writeFrame(stage.file('tendered'), 'offer-0', 'offer', await offerLeg(shipment, begun.leg))
    await done('agreement tender --folder tendered --leg 0', 'supplier')
    const refusal = 'agreement refuse-tender --folder tendered --leg 0 --reasons "two pallets are wet"'
    expect((await done(refusal, 'factory')).stdout).toContain('was refused')
    expect((await done('agreement late --folder tendered --leg 0 --limit 3', 'factory')).stdout).toContain(
      'supplier is charged 7 tokens',
    )
    second = await byHand(begun.leg)
  }, 240_000)

  // The device is dead; another one goes on.
  async function byHand(leg: LegEvidence): Promise<LegEvidence> {
    const { supplier, 'shipper-x': carrier } = shipment.parties
    const { next, cut } = await handOverManually(shipment, leg, supplier!, carrier!)
    const at = new Date(Number(cut.timeMs)).toISOString()
    const line = `agreement manual-cut --folder tendered --leg 0 --envelopes ${cut.n} --at ${at} --to shipper-x --next-keys ${cut.nextKeysHash} --reasons "device crushed"`
    const from = (await done(`${line} --json`, 'supplier')).json.ecdsa
    const to = (await done(`${line} --json`, 'shipper-x')).json.ecdsa
    await done(`${line} --from-signature ${from} --to-signature ${to}`, 'factory')
    return next
  }

  it('are delivered when the grace has passed, also after a handover without the device', async () => {
    await addEnvelope(second, [THERE])
    writeLeg(stage.file('tendered'), second)
    writeFrame(stage.file('tendered'), 'offer-1', 'offer', await offerLeg(shipment, second))
    await done('agreement tender --folder tendered --leg 1', 'shipper-x')
    expect(await stage.run('agreement deliver --folder tendered --leg 1', 'shipper-x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[chain.AgreementTenderGrace]'),
    })
    await stage.passHours(3)
    expect((await done('agreement deliver --folder tendered --leg 1', 'shipper-x')).stdout).toContain(
      'the goods are delivered',
    )
  }, 240_000)
})

describe('silence', () => {
  it('is claimed against a bond, and refuted by the next envelope or the end of the leg', async () => {
    await done('escrow price --usd 3000', 'factory')
    const silence = { minutesMax: 60, penaltyTokens: '3', bondEth: '0.01' }
    const { shipment, leg } = await begin('silent', { silence }, [{ temperature: 20_000 }])
    const claimed = caseIn(await done('agreement silence --folder silent --leg 0 --claim', 'factory'))
    expect(
      await stage.run(`agreement refute-silence --folder silent --case ${claimed}`, 'supplier'),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('envelope 1 of leg 0 is not in the folder'),
    })
    await addEnvelope(leg, [{ temperature: 20_000 }])
    writeLeg(stage.file('silent'), leg)
    const refuted = await done(`agreement refute-silence --folder silent --case ${claimed}`, 'supplier')
    expect(refuted.stdout).toContain('is refuted by supplier')

    const again = caseIn(await done('agreement silence --folder silent --leg 0 --claim', 'factory'))
    writeLeg(stage.file('silent'), leg, await handOver(shipment, leg, shipment.parties['shipper-x']!))
    await done('agreement cut --folder silent --leg 0', 'shipper-x')
    await done(`agreement refute-silence --folder silent --case ${again} --by-cut`, 'supplier')
    expect((await done('agreement show --folder silent', 'factory')).stdout.match(/: void;/g)).toHaveLength(2)
  }, 240_000)

  it('that nobody refutes stands', async () => {
    const silence = { minutesMax: 90, penaltyTokens: '3', bondEth: '0.01' }
    await begin('quiet', { silence }, [{ temperature: 20_000 }])
    const claimed = caseIn(await done('agreement silence --folder quiet --leg 0 --claim', 'factory'))
    await stage.passHours(25)
    expect((await done(`agreement resolve --folder quiet --case ${claimed}`, 'factory')).stdout).toContain(
      'nobody refuted it',
    )
    expect((await done('agreement show --folder quiet', 'factory')).stdout).toContain(
      ': proven; 3 tokens to factory',
    )
  }, 240_000)
})

describe('a device that signs two branches', () => {
  it('is reported, and charged where its keys cannot be copied', async () => {
    await done('escrow price --usd 3000', 'factory')
    const { shipment, leg } = await begin('forked', { tamper: { penaltyTokens: '20' } }, [
      { temperature: 20_000 },
    ])
    const other = await firstLeg(shipment)
    await addEnvelope(other, [{ temperature: 21_000 }])
    writeFrame(stage.file('forked'), 'other-branch', 'envelope', other.wires[0]!)
    expect(leg.digests[0]).not.toEqual(other.digests[0])
    await done('agreement fork --folder forked --leg 0', 'factory')
    expect((await done('agreement tampering --folder forked --leg 0', 'factory')).stdout).toContain(
      'supplier is charged 20 tokens',
    )
  }, 240_000)
})

describe('after the end of classical signatures', () => {
  it('legs are confirmed one after another, and an unanswered contest voids its case', async () => {
    await done('escrow price --usd 3000', 'factory')
    const hot = [{ temperature: 41_000 }]
    const { shipment, leg } = await begin(
      'confirmed',
      { classicalUntil: '2026-11-03', deadlineHours: 24 },
      hot,
    )
    const handover = await handOver(shipment, leg, shipment.parties['shipper-x']!)
    writeLeg(stage.file('confirmed'), leg, handover)
    writeLeg(stage.file('confirmed'), handover.next)
    await done('agreement cut --folder confirmed --leg 0', 'shipper-x')
    expect(await stage.run('agreement confirm --folder confirmed --leg 1', 'factory')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[chain.AgreementLegNotConfirmed]'),
    })
    await done('agreement confirm --folder confirmed --leg 0', 'factory')
    await done('agreement confirm --folder confirmed --leg 1', 'factory')

    const proven = caseIn(await done('agreement prove --folder confirmed --leg 0 --limit 1', 'factory'))
    await done(`agreement contest --folder confirmed --case ${proven} --bond 0.05`, 'supplier')
    expect(await stage.run(`agreement answer --folder confirmed --case ${proven}`, 'factory')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[folder.seal]'),
    })
    await stage.passHours(73)
    expect(
      (await done(`agreement resolve --folder confirmed --case ${proven}`, 'supplier')).stdout,
    ).toContain('is void')
  }, 240_000)
})

describe('a proof that one transaction cannot hold', () => {
  it('goes out as a scan over several', async () => {
    await done('escrow price --usd 3000', 'factory')
    const single = {
      ...LIMIT,
      kind: 'single' as const,
      minutes: 60,
      gapMinutesMax: 60,
      perStepTokens: '0.01',
      stepMinutes: 60,
    }
    const { leg } = await begin('long', { limits: [single] }, [{ temperature: 20_000 }])
    const warm = Array.from({ length: 512 }, () => ({ temperature: 45_000 }))
    for (let seq = 1; seq <= 25; seq++) await addEnvelope(leg, warm)
    writeLeg(stage.file('long'), leg)
    const dry = await done('agreement prove --folder long --leg 0 --limit 1 --dry-run --json', 'factory')
    const { json } = await done('agreement prove --folder long --leg 0 --limit 1 --json', 'factory')
    const names = (json.transactions as { functionName: string }[]).map(({ functionName }) => functionName)
    expect(names.at(-1)).toBe('dropScan')
    expect(names.filter((name) => name === 'advanceScan').length).toBeGreaterThan(1)
    expect(
      (dry.json.transactions as { functionName: string }[]).map(({ functionName }) => functionName),
    ).toEqual(names)
  }, 240_000)
})

describe('goods that never come', () => {
  it('are closed as lost, at the cost of who held them', async () => {
    await done('escrow price --usd 3000', 'factory')
    const deadline = { hours: 48, lostAfterHours: 72, lossPenaltyTokens: '100', penaltyTokens: '1' }
    await begin('lost', { deadline }, [{ temperature: 20_000 }])
    const closed = await done('agreement close --folder lost --leg 0', 'factory')
    expect(closed.stdout).toContain('supplier is charged 100 tokens')
  }, 240_000)
})
