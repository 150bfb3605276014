// What comes out of guarantees, by whomever it is claimed: beside what is paid off chain, and at the same time.
import { agreementAbi, claimArguments } from '@consign/chain'
import { freePort } from '@consign/eventlog/testing'
import { caseId, costly, type TermsDraft } from '@consign/terms'
import { type Hex, parseEther } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { append, chargedFact } from '../../chain-writer/test/scenario.ts'
import { LAPSED_STEP } from '../src/steps.ts'
import {
  acknowledgeAll,
  acknowledgement,
  balanceOf,
  concluded,
  deliver,
  GUARANTEED_DRAFT,
  metricsAt,
  ofType,
  openScene,
  payees,
  type Scene,
  slicesOf,
  until,
} from './scene.ts'

const tokens = (amount: string) => parseEther(amount)

let scene: Scene

afterEach(() => scene?.close())

describe('a party that has its guarantee paid out itself', () => {
  it('counts what a silent party has had paid out of its guarantee itself', async () => {
    scene = await openScene()
    await deliver(scene, [scene.scenario.violation])
    const service = scene.start()
    const silent = { 'shipper-y': 1 }
    const { agreement } = scene.scenario.shipment
    await until(async () => {
      await acknowledgeAll(scene, silent)
      return isSettledOnChain()
    })
    await service.stop()
    const y = payees(scene)[2]!
    await claimFor(y)
    scene.start()
    expect(await concluded(scene, silent)).toMatchObject({ claimed: String(tokens('25')) })
    await until(async () => (await ofType(scene, 'settlement.settled.v1')).length === 1)
    expect(await slicesOf(scene, y)).toEqual([tokens('25')])
    expect(await balanceOf(scene, y)).toBe(tokens('50'))
    expect(await balanceOf(scene, agreement)).toBe(0n)
  })

  it('in the moment in which a slice is paid gets that slice too much, which operators see, and nothing more', async () => {
    scene = await openScene(RACE_DRAFT)
    await deliver(scene, [scene.scenario.violation])
    const first = scene.start()
    const silent = { 'shipper-y': 1 }
    const { agreement } = scene.scenario.shipment
    // The others are through, so that only y's slice and its acknowledgement are still to be sent.
    await until(async () => {
      await acknowledgeAll(scene, silent)
      return (await balanceOf(scene, agreement)) === tokens('25') && (await isSettledOnChain())
    })
    await first.stop()
    const racing = scene.start('settlement.submitted#2')
    await until(async () => {
      await acknowledgeAll(scene, { 'shipper-y': 2 }).catch(() => undefined)
      return (await ofType(scene, 'settlement.payment.intended.v1')).length === 6
    })
    expect(await racing.ended).toBe('SIGKILL')
    const y = payees(scene)[2]!
    await claimFor(y)
    const port = await freePort()
    scene.start(undefined, { METRICS_PORT: String(port) })
    await until(async () => (await ofType(scene, 'settlement.overpaid.v1')).length > 0)
    await until(async () => /^consign_settlement_overpaid_wallets(\{.*\})? 1$/m.test(await metricsAt(port)))
    expect(await concluded(scene)).toMatchObject({ claimed: String(tokens('25')) })
    const amounts = { due: '50', paid: '50', claimed: '25', excess: '25' }
    expect((await ofType(scene, 'settlement.overpaid.v1')).map(({ data }) => data)).toMatchObject([
      {
        wallet: y,
        ...Object.fromEntries(Object.entries(amounts).map(([key, value]) => [key, String(tokens(value))])),
      },
    ])
    expect(await slicesOf(scene, y)).toEqual([tokens('25'), tokens('25')])
    expect(await balanceOf(scene, y)).toBe(tokens('75'))
    expect(await ofType(scene, 'settlement.settled.v1')).toMatchObject([
      { data: { paid: String(tokens('315')), overpaid: String(tokens('25')), refund: String(tokens('10')) } },
    ])
  })
})

describe('what is left to a guarantee', () => {
  it('pays what services judge against out of the guarantee, so that the party gets its due in sum', async () => {
    scene = await openScene(JUDGED_DRAFT)
    const { scenario } = scene
    const judged = await chargeMeanKinetic()
    await deliver(scene, [scenario.violation, judged])
    scene.start()
    expect(await concluded(scene)).toMatchObject({
      asPlanned: true,
      claimed: String(tokens('25')),
      released: String(tokens('125')),
    })
    const x = payees(scene)[1]!
    expect(await balanceOf(scene, x)).toBe(tokens('37'))
    const [planned] = await ofType(scene, 'settlement.planned.v1')
    expect(planned!.data.guaranteed).toEqual([{ wallet: x, amount: String(tokens('25')) }])
    const made = (await ofType(scene, 'settlement.payment.made.v1')).filter(({ data }) => data.wallet === x)
    expect(made.map(({ data }) => [data.via, data.amount]).sort()).toEqual([
      ['guarantee', String(tokens('25'))],
      ['onchain', String(tokens('6'))],
      ['onchain', String(tokens('6'))],
    ])
    expect(await ofType(scene, 'settlement.settled.v1')).toMatchObject([
      { data: { paid: String(tokens('287')), refund: String(tokens('13')) } },
    ])
  })

  it('is made when somebody else has claimed it', async () => {
    scene = await openScene(JUDGED_DRAFT)
    const judged = await chargeMeanKinetic()
    await deliver(scene, [scene.scenario.violation, judged])
    const first = scene.start()
    await until(async () => {
      await acknowledgeAll(scene)
      return isSettledOnChain()
    })
    await first.kill()
    const x = payees(scene)[1]!
    await claimFor(x)
    scene.start()
    expect(await concluded(scene)).toMatchObject({ claimed: String(tokens('25')) })
    expect(await ofType(scene, 'settlement.payment.lapsed.v1')).toEqual([])
    expect(await balanceOf(scene, x)).toBe(tokens('37'))
  })

  it('lapses, once, when its party has shown the contract that it needs none', async () => {
    scene = await openScene(JUDGED_DRAFT)
    const judged = await chargeMeanKinetic()
    await deliver(scene, [scene.scenario.violation, judged])
    const { ended } = scene.start(LAPSED_STEP)
    await until(isStarted)
    await acknowledgeOnChain('shipper-x', tokens('40'))
    const conclusion = concluded(scene)
    expect(await ended).toBe('SIGKILL')
    scene.start()
    expect(await conclusion).toMatchObject({ claimed: '0', released: String(tokens('150')) })
    const x = payees(scene)[1]!
    expect((await ofType(scene, 'settlement.payment.lapsed.v1')).map(({ data }) => data)).toMatchObject([
      { wallet: x, amount: String(tokens('25')), code: 'guarantee.nothingDue' },
    ])
    expect(await balanceOf(scene, x)).toBe(tokens('12'))
    expect(await ofType(scene, 'settlement.settled.v1')).toMatchObject([
      { data: { paid: String(tokens('262')), lapsed: String(tokens('25')), refund: String(tokens('13')) } },
    ])
  })
})

/** Long enough for a service to be stopped and started before guarantees can be claimed. */
const RACE_DRAFT: TermsDraft = {
  ...GUARANTEED_DRAFT,
  windows: { ...GUARANTEED_DRAFT.windows, paymentHours: 15 / 3600 },
}

const JUDGED_DRAFT: TermsDraft = {
  ...GUARANTEED_DRAFT,
  limits: [
    { metric: 'temperature', above: 40, penaltyTokens: '10' },
    { metric: 'temperature', kind: 'meanKinetic', above: 30, penaltyTokens: '3' },
  ],
}

// As the penalty service would charge it; chain-writer refuses to prove it.
async function chargeMeanKinetic(): Promise<Hex> {
  const { scenario, log } = scene
  const { agreement, terms } = scenario.shipment
  const clause = costly(terms).find(({ kind }) => kind === 'limit.meanKinetic')!
  const where = { leg: 1, limitId: clause.limitId, startSeq: 0xffff_ffff, startIndex: 0xffff }
  const judged = caseId({ agreement, ...where })
  const changes = { ...where, kind: 'meanKinetic', caseId: judged, penalty: clause.penalty.base } as const
  await append(log, chargedFact(scenario, changes))
  return judged
}

function isStarted(): Promise<boolean> {
  const { client } = scene.world
  const at = { address: scene.scenario.shipment.agreement, abi: agreementAbi } as const
  return client.readContract({ ...at, functionName: 'phase' }).then(
    (phase) => phase > 0,
    () => false,
  )
}

// Past the service, by anyone: a party's signature is enough.
async function acknowledgeOnChain(name: string, cumulative: bigint): Promise<void> {
  const { client } = scene.world
  const { agreement } = scene.scenario.shipment
  const { signature } = await acknowledgement(scene, name, cumulative)
  const party = scene.scenario.shipment.parties[name]!.wallet.address
  const args = [party, cumulative, signature.ecdsa] as const
  const call = { address: agreement, abi: agreementAbi, functionName: 'acknowledge', args } as const
  const hash = await client.writeContract({ ...call, account: developer, chain: null })
  expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success')
}

function isSettledOnChain(): Promise<boolean> {
  const { client } = scene.world
  const at = { address: scene.scenario.shipment.agreement, abi: agreementAbi } as const
  return client.readContract({ ...at, functionName: 'settledAt' }).then(
    (time) => time > 0n,
    () => false,
  )
}

// By anyone, once the payment window is over.
async function claimFor(wallet: Hex): Promise<void> {
  const { client } = scene.world
  const { agreement, terms } = scene.scenario.shipment
  const args = claimArguments(terms, wallet)
  const call = { address: agreement, abi: agreementAbi, functionName: 'claim', args } as const
  const isOpen = () =>
    client.simulateContract({ ...call, account: developer }).then(
      () => true,
      () => false,
    )
  await until(isOpen)
  const hash = await client.writeContract({ ...call, account: developer, chain: null })
  expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success')
}
