// The service as a real process on a real nats-server and a real anvil, killed with SIGKILL at each of its steps.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Deployment,
  deployConsign,
  publicClient,
  settlementTokenAbi,
  walletClient,
} from '@consign/chain'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { freePort, type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import {
  type ConsignEvent,
  type ConsignFact,
  type EventOf,
  type Hex,
  parseEvent,
  subjectOf,
} from '@consign/events'
import { limits, payee, payer, type Terms, termsHash } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import {
  getTransactionCount,
  readContract,
  sendTransaction,
  waitForTransactionReceipt,
  writeContract,
} from 'viem/actions'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import { coverOrganisation } from '../../../contracts/script/organisation.ts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { STEPS } from '../src/steps.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const CASE: Hex = `0x${'ca'.repeat(32)}`
const SHIPMENT = '340123450000000018'
const dir = mkdtempSync(join(tmpdir(), 'consign-settlement-'))

let anvil: Anvil
let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let log: EventLog
let deployment: Deployment
let wallet: Hex
let env: Record<string, string>
let service: ServiceProcess | undefined

beforeEach(async () => {
  ;[anvil, nats] = await Promise.all([startAnvil(), startNatsServer()])
  connection = await connectNats({ url: nats.url, name: 'test' })
  log = await connectEventLog({ nats: connection })
  const client = publicClient(anvil.url)
  deployment = await deployConsign({ client, account: developer })
  await coverOrganisation(walletClient(anvil.url, developer), deployment, developer)
  const key = generatePrivateKey()
  wallet = privateKeyToAddress(key).toLowerCase() as Hex
  const hash = await sendTransaction(client, {
    account: developer,
    chain: null,
    to: wallet,
    value: parseEther('1'),
  })
  await waitForTransactionReceipt(client, { hash })
  const keyFile = join(dir, 'payer-key')
  writeFileSync(keyFile, key, { mode: 0o600 })
  env = {
    NATS_URL: nats.url,
    RPC_URL: anvil.url,
    CHAIN_ID: String(deployment.chainId),
    PAYER_KEY_FILE: keyFile,
    TOKEN: deployment.token,
    FINALITY: 'mined',
    POLL_MS: '50',
  }
})

afterEach(async () => {
  await service?.stop()
  service = undefined
  await connection?.close()
  await Promise.all([anvil?.stop(), nats?.stop()])
})

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a delivered and assessed shipment', () => {
  it('is paid after its dispute window, counted from the delivery in the log, through a restart', async () => {
    const disputeMs = 3000
    await fund('1000')
    await deliver({ disputeMs })
    service = startServiceProcess(PROGRAM, env)
    await service.stop()
    service = startServiceProcess(PROGRAM, env)
    await settled()
    const [planned] = await ofType('settlement.planned.v1')
    const deliveredMs = (await log.last(`custody.${AGREEMENT}`))!.timeMs
    expect(planned!.time).toBeGreaterThanOrEqual(deliveredMs + disputeMs)
    await expectPaidOnce()
    expect(await service.stop()).toBe(0)
  })

  it('waits when the wallet lacks tokens, says so in the metrics, and is paid when they come', async () => {
    const port = await freePort()
    await deliver({ disputeMs: 0 })
    service = startServiceProcess(PROGRAM, { ...env, METRICS_PORT: String(port) })
    await until(async () => (await ofType('settlement.payment.intended.v1')).length === 3)
    const short = /^consign_settlement_payments_unpaid\{.*code="payment.balance".*\} 3$/m
    await until(async () => short.test(await metricsAt(port)))
    await fund('1000')
    await settled()
    await expectPaidOnce()
    expect(await metricsAt(port)).not.toMatch(/consign_settlement_payments_unpaid\{/)
  })

  it('is not paid by an organisation that its terms do not name', async () => {
    const other: Hex = `0x${'0b'.repeat(20)}`
    const agreement: Hex = `0x${'a2'.repeat(20)}`
    await fund('1000')
    await deliver({ disputeMs: 0, payer: other, agreement })
    await deliver({ disputeMs: 0 })
    service = startServiceProcess(PROGRAM, env)
    await settled()
    expect(await log.last(`settlement.${agreement}`)).toBeUndefined()
  })
})

describe('killed and started again, it pays each payment once', () => {
  it.each([...STEPS, 'settlement.signed#3', 'settlement.paid#2'])('at %s', async (killAt) => {
    await fund('1000')
    await deliver({ disputeMs: 0 })
    expect(await startServiceProcess(PROGRAM, env, killAt).ended).toBe('SIGKILL')
    service = startServiceProcess(PROGRAM, env)
    await settled()
    await service.stop()
    service = startServiceProcess(PROGRAM, env)
    await service.stop()
    await expectPaidOnce()
  })
})

async function expectPaidOnce(): Promise<void> {
  const { terms } = agreementOf({ disputeMs: 0 })
  const tokens = (amount: string) => parseEther(amount)
  const [x, y] = terms.clauses.flatMap((clause) =>
    clause.kind === 'party' && clause.role === 'carrier' ? [clause.wallet] : [],
  )
  const balances = await Promise.all([payee(terms).wallet, x!, y!, wallet].map(balanceOf))
  expect(balances).toEqual([tokens('200'), tokens('40'), tokens('50'), tokens('710')])
  expect(await getTransactionCount(publicClient(anvil.url), { address: wallet })).toBe(3)
  for (const type of ['settlement.payment.intended.v1', 'settlement.payment.made.v1'] as const)
    expect(new Set((await ofType(type)).map(({ data }) => data.paymentId)).size).toBe(3)
  expect(await ofType('settlement.payment.made.v1')).toHaveLength(3)
  expect((await ofType('settlement.settled.v1')).map(({ data }) => data)).toEqual([
    { agreement: AGREEMENT, shipment: SHIPMENT, paid: String(tokens('290')), refund: String(tokens('10')) },
  ])
}

// The sample's terms with this test's wallet, token and window; nobody checks their signatures here.
function agreementOf(options: { disputeMs: number; payer?: Hex }): { terms: Terms } {
  const { terms } = sampleAgreement(undefined, { chainId: deployment.chainId, token: deployment.token })
  const clauses = terms.clauses.map((clause) => {
    if (clause.kind === 'windows') return { ...clause, disputeMs: options.disputeMs }
    if (clause.kind === 'party' && clause.role === 'payer')
      return { ...clause, wallet: options.payer ?? wallet }
    if (clause.kind === 'limit.instantaneous')
      return { ...clause, penalty: { ...clause.penalty, beneficiary: options.payer ?? wallet } }
    return clause
  })
  return { terms: { ...terms, clauses } }
}

async function deliver(options: { disputeMs: number; payer?: Hex; agreement?: Hex }): Promise<void> {
  const { terms } = agreementOf(options)
  const of = { agreement: options.agreement ?? AGREEMENT, shipment: SHIPMENT }
  const limit = limits(terms)[0]!
  const none = { ecdsa: '0x', mlDsa: '0x' } as const
  const carrier = terms.clauses.find((clause) => clause.kind === 'party' && clause.role === 'carrier')
  if (carrier?.kind !== 'party') throw new Error('the sample has no carrier')
  await append({
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash: termsHash(terms), payerSignature: none, payeeSignature: none },
  })
  await append({
    type: 'penalty.violation.charged.v1',
    data: {
      ...of,
      leg: 1,
      custodian: carrier.wallet,
      limitId: limit.limitId,
      metric: limit.metric,
      kind: 'instantaneous',
      caseId: CASE,
      startSeq: 1,
      startIndex: 0,
      runFromSeq: 0,
      runToSeq: 1,
      fromMs: 1,
      toMs: 2,
      extent: 47_300,
      worst: 47_300,
      readings: 3,
      penalty: limit.penalty.base,
      beneficiary: limit.penalty.beneficiary,
    },
  })
  await append({ type: 'penalty.shipment.assessed.v1', data: { ...of, legs: 3, violations: [CASE] } })
  await append({ type: 'custody.delivered.v1', data: { ...of, leg: 2, to: payer(terms).wallet } })
}

async function append(fact: ConsignFact): Promise<void> {
  const event = { id: crypto.randomUUID(), time: Date.now(), ...fact }
  await log.append(subjectOf(fact), [event], { expectedSeq: 'any' })
}

async function fund(amount: string): Promise<void> {
  const client = publicClient(anvil.url)
  const hash = await writeContract(client, {
    address: deployment.token,
    abi: settlementTokenAbi,
    account: developer,
    chain: null,
    functionName: 'transfer',
    args: [wallet, parseEther(amount)],
  })
  await waitForTransactionReceipt(client, { hash })
}

function balanceOf(of: Hex): Promise<bigint> {
  const tokens = { address: deployment.token, abi: settlementTokenAbi } as const
  return readContract(publicClient(anvil.url), { ...tokens, functionName: 'balanceOf', args: [of] })
}

async function settled(): Promise<void> {
  await until(async () => (await ofType('settlement.settled.v1')).length > 0)
}

async function metricsAt(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}

async function ofType<T extends ConsignEvent['type']>(type: T): Promise<EventOf<T>[]> {
  const events: EventOf<T>[] = []
  for await (const { data } of log.read([`settlement.${AGREEMENT}`])) {
    const event = parseEvent(data)
    if (event.type === type) events.push(event as EventOf<T>)
  }
  return events
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}
