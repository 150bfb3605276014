// The service as a real process on a real nats-server, a real anvil with the contracts and a real chain-writer, killed with SIGKILL at each step.
import { settlementTokenAbi } from '@consign/chain'
import { freePort } from '@consign/eventlog/testing'
import { general, payer, termsHash } from '@consign/terms'
import type { Hex } from 'viem'
import { parseEther } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { append } from '../../chain-writer/test/scenario.ts'
import { ask } from '../../custody/test/ask.ts'
import { STEPS } from '../src/steps.ts'
import {
  acknowledgeAll,
  acknowledgement,
  balanceOf,
  concluded,
  deliver,
  metricsAt,
  ofType,
  openScene,
  payees,
  type Scene,
  slicesOf,
  until,
} from './scene.ts'

const tokens = (amount: string) => parseEther(amount)
const TREASURY = tokens('10000')

let scene: Scene

afterEach(() => scene?.close())

describe('a guaranteed agreement', () => {
  it('is funded, paid after its dispute window, acknowledged, settled on chain, and its guarantees come back', async () => {
    scene = await openScene()
    await deliver(scene, [scene.scenario.violation])
    await scene.start().stop()
    const service = scene.start()
    expect(await concluded(scene)).toMatchObject({
      refund: String(tokens('10')),
      asPlanned: true,
      claimed: '0',
      released: String(tokens('150')),
    })
    await expectPaidOnce()
    const [planned] = await ofType(scene, 'settlement.planned.v1')
    const delivered = await scene.log.last(`custody.${scene.scenario.shipment.agreement}`)
    expect(planned!.time).toBeGreaterThanOrEqual(delivered!.timeMs + 1000)
    expect(planned!.data.guaranteed).toBeUndefined()
    expect(await service.stop()).toBe(0)
  })

  it('is concluded without a silent party, which got one slice; pays it on when it acknowledges after all', async () => {
    scene = await openScene()
    await deliver(scene, [scene.scenario.violation])
    await scene.start().stop()
    scene.start()
    const { agreement } = scene.scenario.shipment
    expect(await concluded(scene, { 'shipper-y': 1 })).toMatchObject({ released: String(tokens('125')) })
    expect(await balanceOf(scene, agreement)).toBe(tokens('25'))
    expect(await slicesOf(scene, payees(scene)[2]!)).toEqual([tokens('25')])
    expect(await ofType(scene, 'settlement.settled.v1')).toEqual([])
    await until(async () => {
      await acknowledgeAll(scene)
      return (await ofType(scene, 'settlement.acknowledged.v1')).length === 6
    })
    await until(async () => (await balanceOf(scene, agreement)) === 0n)
    await expectPaidOnce()
  })

  it('is concluded without the last acknowledgement of a party, whose guarantee stays claimable', async () => {
    scene = await openScene()
    await deliver(scene, [scene.scenario.violation])
    scene.start()
    const { agreement } = scene.scenario.shipment
    expect(await concluded(scene, { 'shipper-y': 2 })).toMatchObject({ released: String(tokens('125')) })
    expect(await balanceOf(scene, agreement)).toBe(tokens('25'))

    const late = await acknowledgement(scene, 'shipper-y', tokens('50'))
    expect(await ask(scene.nats, payees(scene)[2]!, 'acknowledge', late)).toMatchObject({ ok: true })
    await until(async () => (await balanceOf(scene, agreement)) === 0n)
    await until(async () => (await balanceOf(scene, scene.wallet)) === TREASURY - tokens('290'))
  })

  it('waits when the wallet lacks tokens, says so in the metrics, and goes on when they come', async () => {
    scene = await openScene()
    await move(scene.world.payer, developer.address, TREASURY)
    await deliver(scene, [scene.scenario.violation])
    const port = await freePort()
    scene.start(undefined, { METRICS_PORT: String(port) })
    const short = /^consign_settlement_agreements_waiting\{.*reason="payment.balance".*\} 1$/m
    await until(async () => short.test(await metricsAt(port)))
    await move(developer, scene.wallet, TREASURY)
    expect(await concluded(scene)).toMatchObject({ asPlanned: true })
    expect(await metricsAt(port)).not.toMatch(/consign_settlement_payments_unpaid\{/)
  })

  it('is not funded or paid by an organisation that its terms do not name', async () => {
    scene = await openScene()
    const { terms, payerSignature, payeeSignature } = scene.scenario.shipment
    const agreement: Hex = `0x${'a2'.repeat(20)}`
    const clauses = terms.clauses.map((clause) =>
      clause.kind === 'party' && clause.role === 'payer'
        ? { ...clause, wallet: `0x${'0b'.repeat(20)}` as const }
        : clause,
    )
    const foreign = { ...terms, clauses }
    const of = { agreement, shipment: general(terms).shipment, terms: foreign, termsHash: termsHash(foreign) }
    await append(scene.log, {
      type: 'custody.agreement.signed.v1',
      data: { ...of, payerSignature, payeeSignature },
    })
    await append(scene.log, {
      type: 'custody.delivered.v1',
      data: { agreement, shipment: of.shipment, leg: 0, to: payer(foreign).wallet },
    })
    await append(scene.log, {
      type: 'penalty.shipment.assessed.v1',
      data: { agreement, shipment: of.shipment, legs: 1, violations: [] },
    })
    await deliver(scene, [scene.scenario.violation])
    scene.start()
    await concluded(scene)
    expect(await scene.log.last(`settlement.${agreement}`)).toBeUndefined()
    await expectPaidOnce()
  })
})

describe('an acknowledgement', () => {
  it('is refused when it is not signed by who sends it, names no agreement, or more than was paid', async () => {
    scene = await openScene()
    await deliver(scene, [scene.scenario.violation])
    scene.start()
    await until(async () => (await ofType(scene, 'settlement.payment.made.v1')).length === 3)
    const [supplier, x] = payees(scene)
    const own = await acknowledgement(scene, 'supplier', tokens('100'))
    const codeOf = async (wallet: Hex, payload: object) =>
      ((await ask(scene.nats, wallet, 'acknowledge', payload)) as { error?: { code: string } }).error?.code
    expect(await codeOf(x!, own)).toBe('acknowledgement.signature.ecdsa')
    expect(await codeOf(scene.wallet, own)).toBe('acknowledgement.signature.ecdsa')
    expect(await codeOf(`0x${'0b'.repeat(20)}`, own)).toBe('acknowledgement.party')
    expect(await codeOf(supplier!, { ...own, agreement: `0x${'a2'.repeat(20)}` })).toBe(
      'acknowledgement.agreement',
    )
    expect(await codeOf(supplier!, { ...own, cumulative: '1.5' })).toBe('acknowledgement.request')
    const more = await acknowledgement(scene, 'supplier', tokens('101'))
    expect(await codeOf(supplier!, more)).toBe('acknowledgement.unpaid')
    expect(await codeOf(supplier!, own)).toBeUndefined()
    expect(await codeOf(supplier!, own)).toBeUndefined()
    const less = await acknowledgement(scene, 'supplier', tokens('99'))
    expect(await codeOf(supplier!, less)).toBe('acknowledgement.old')
    expect(await ofType(scene, 'settlement.acknowledged.v1')).toHaveLength(1)
  })
})

describe('killed and started again, it does everything once', () => {
  it.each([...STEPS, 'settlement.signed#6', 'settlement.paid#2'])('at %s', async (killAt) => {
    scene = await openScene()
    await deliver(scene, [scene.scenario.violation])
    const ended = scene.start(killAt).ended
    const conclusion = concluded(scene)
    expect(await ended).toBe('SIGKILL')
    await scene.start().stop()
    const service = scene.start()
    expect(await conclusion).toMatchObject({ asPlanned: true, released: String(tokens('150')) })
    await service.stop()
    await expectPaidOnce()
  })
})

// 200, 40 and 50 for supplier and carriers, in two slices each; every transaction of the wallet once.
async function expectPaidOnce(): Promise<void> {
  const { client } = scene.world
  const { agreement } = scene.scenario.shipment
  const balances = await Promise.all(
    [...payees(scene), scene.wallet, agreement].map((one) => balanceOf(scene, one)),
  )
  expect(balances).toEqual([...['200', '40', '50'].map(tokens), TREASURY - tokens('290'), 0n])
  const nonce = await client.getTransactionCount({ address: scene.wallet })
  const signed = await ofType(scene, 'chain.signed.v1', `chain.${scene.wallet}`)
  const keys = new Set(signed.map(({ data }) => data.key))
  expect(nonce - scene.nonceBefore).toBe(keys.size)
  expect([...keys].filter((key) => key.startsWith('payment:'))).toHaveLength(6)
  for (const type of ['settlement.payment.intended.v1', 'settlement.payment.made.v1'] as const)
    expect(new Set((await ofType(scene, type)).map(({ data }) => data.paymentId)).size).toBe(6)
  expect(await ofType(scene, 'settlement.payment.made.v1')).toHaveLength(6)
  expect(await ofType(scene, 'settlement.acknowledged.v1')).toHaveLength(6)
  for (const type of ['settlement.reserved.v1', 'settlement.planned.v1', 'settlement.concluded.v1'] as const)
    expect(await ofType(scene, type)).toHaveLength(1)
  expect((await ofType(scene, 'settlement.settled.v1')).map(({ data }) => data)).toMatchObject([
    { paid: String(tokens('290')), refund: String(tokens('10')) },
  ])
}

async function move(from: typeof scene.world.payer, to: Hex, amount: bigint): Promise<void> {
  const { client, deployment } = scene.world
  const call = { address: deployment.token, abi: settlementTokenAbi, functionName: 'transfer' } as const
  const hash = await client.writeContract({ ...call, args: [to, amount], account: from, chain: null })
  await client.waitForTransactionReceipt({ hash })
}
