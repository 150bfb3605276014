// What a settlement needs around it: a chain with the contracts, a log with a delivered shipment, chain-writer, and parties that acknowledge.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { settlementTokenAbi } from '@consign/chain'
import { native } from '@consign/envelope'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { startNatsServer } from '@consign/eventlog/testing'
import { type ConsignEvent, type EventOf, type Hex, parseEvent } from '@consign/events'
import { general, parties, savePartyKeys, signAcknowledgement, type TermsDraft } from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { startWorld, type World } from '../../../packages/chain/test/world.ts'
import { append, makeScenario, type Scenario, writeScenario } from '../../chain-writer/test/scenario.ts'
import { ask } from '../../custody/test/ask.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const CHAIN_WRITER = fileURLToPath(new URL('../../chain-writer/src/main.ts', import.meta.url))
const SECOND_HOURS = 1 / 3600

/** Half of every amount guaranteed; windows of seconds. */
export const GUARANTEED_DRAFT: TermsDraft = {
  ...SAMPLE_DRAFT,
  guaranteePercent: 50,
  windows: { disputeHours: SECOND_HOURS, contestHours: SECOND_HOURS, paymentHours: 4 * SECOND_HOURS },
}

export type Scene = Awaited<ReturnType<typeof openScene>>

const scenarios = new Map<TermsDraft, Promise<Scenario>>()

/** Starts chain, log and chain-writer; `start` runs the service. Close it afterwards. */
export async function openScene(draft: TermsDraft = GUARANTEED_DRAFT) {
  const dir = mkdtempSync(join(tmpdir(), 'consign-settlement-'))
  const [world, nats] = await Promise.all([
    startWorld(['--block-time', '1', '--mixed-mining']),
    startNatsServer(),
  ])
  const connection = await connectNats({ url: nats.url, name: 'test' })
  const log = await connectEventLog({ nats: connection })
  // The contracts have the same addresses on every fresh chain, so that one scenario serves all tests of its draft.
  const made = scenarios.get(draft) ?? makeScenario(world.deployment, draft)
  scenarios.set(draft, made)
  const scenario = await made
  const { client, deployment } = world
  const wallet = world.payer.address.toLowerCase() as Hex
  const nonceBefore = await client.getTransactionCount({ address: wallet })
  const common = {
    NATS_URL: nats.url,
    RPC_URL: world.anvil.url,
    CHAIN_ID: String(deployment.chainId),
    FINALITY: 'mined',
    POLL_MS: '50',
  }
  const payerFile = join(dir, 'payer')
  await savePartyKeys(payerFile, scenario.shipment.parties.factory!)
  const payerKeyFile = secretFile(dir, 'payer-wallet', JSON.parse(readFileSync(payerFile, 'utf8')).wallet)
  const env = { ...common, PAYER_KEY_FILE: payerKeyFile, TOKEN: deployment.token }
  const running: ServiceProcess[] = [await startChainWriter(world, common, dir)]

  return {
    world,
    nats: connection,
    log,
    scenario,
    wallet,
    nonceBefore,
    env,
    start(killAt?: string, more: Record<string, string> = {}): ServiceProcess {
      const service = startServiceProcess(PROGRAM, { ...env, ...more }, killAt)
      running.push(service)
      return service
    },
    async close(): Promise<void> {
      await Promise.all(running.map((service) => service.stop()))
      await connection.close()
      await Promise.all([world.anvil.stop(), nats.stop()])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** What the settlement's stream holds of one type, in order. */
export async function ofType<T extends ConsignEvent['type']>(
  { log, scenario }: Scene,
  type: T,
  subject = `settlement.${scenario.shipment.agreement}`,
): Promise<EventOf<T>[]> {
  const events: EventOf<T>[] = []
  for await (const { data } of log.read([subject])) {
    const event = parseEvent(data)
    if (event.type === type) events.push(event as EventOf<T>)
  }
  return events
}

/** What is known of the shipment before anything is packed. */
export async function sign({ log, scenario }: Scene): Promise<void> {
  const { agreement, terms, termsHash, payerSignature, payeeSignature } = scenario.shipment
  const data = {
    agreement,
    shipment: general(terms).shipment,
    terms,
    termsHash,
    payerSignature,
    payeeSignature,
  }
  await append(log, { type: 'custody.agreement.signed.v1', data })
}

/** The whole shipment, delivered, and assessed with the violations that are named. */
export async function deliver({ log, scenario }: Scene, violations: Hex[]): Promise<void> {
  const { agreement, terms } = scenario.shipment
  await writeScenario(log, scenario)
  const of = { agreement, shipment: general(terms).shipment }
  await append(log, { type: 'penalty.shipment.assessed.v1', data: { ...of, legs: 3, violations } })
}

/**
 * Every party acknowledges all that it was paid off chain, each time that it was, until the agreement is concluded; those of `silentFrom` are
 * silent once they got so many slices.
 */
export async function concluded(scene: Scene, silentFrom: Readonly<Record<string, number>> = {}) {
  for (;;) {
    const [conclusion] = await ofType(scene, 'settlement.concluded.v1')
    if (conclusion !== undefined) return conclusion.data
    await acknowledgeAll(scene, silentFrom)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const saidIn = new WeakMap<Scene, Map<string, bigint>>()

export async function acknowledgeAll(
  scene: Scene,
  silentFrom: Readonly<Record<string, number>> = {},
): Promise<void> {
  const said = saidIn.get(scene) ?? new Map<string, bigint>()
  saidIn.set(scene, said)
  for (const [name, keys] of Object.entries(scene.scenario.shipment.parties)) {
    const wallet = keys.wallet.address.toLowerCase() as Hex
    const slices = await slicesOf(scene, wallet)
    const cumulative = slices.reduce((sum, amount) => sum + amount, 0n)
    if (cumulative === (said.get(name) ?? 0n) || slices.length >= (silentFrom[name] ?? slices.length + 1))
      continue
    expectOk(await ask(scene.nats, wallet, 'acknowledge', await acknowledgement(scene, name, cumulative)))
    said.set(name, cumulative)
  }
}

/** What a party sends. */
export async function acknowledgement({ scenario, world }: Scene, name: string, cumulative: bigint) {
  const { agreement, parties } = scenario.shipment
  const keys = parties[name]!
  const where = { chainId: world.deployment.chainId, agreement }
  const said = { party: keys.wallet.address.toLowerCase() as Hex, cumulative }
  const signature = await signAcknowledgement(native, keys, where, said)
  return { agreement, cumulative: String(cumulative), signature }
}

/** Amounts that a wallet was paid off chain. */
export async function slicesOf(scene: Scene, wallet: Hex): Promise<bigint[]> {
  const made = await ofType(scene, 'settlement.payment.made.v1')
  const own = made.filter(({ data }) => data.wallet === wallet && data.via !== 'guarantee')
  return own.map(({ data }) => BigInt(data.amount))
}

export function balanceOf({ world: { client, deployment } }: Scene, of: Hex): Promise<bigint> {
  const token = { address: deployment.token, abi: settlementTokenAbi } as const
  return client.readContract({ ...token, functionName: 'balanceOf', args: [of] })
}

/** Wallets of supplier and carriers, in order of the terms. */
export function payees({ scenario }: Scene): Hex[] {
  const paid = parties(scenario.shipment.terms).filter(({ role }) => role !== 'payer')
  return paid.map(({ wallet }) => wallet)
}

export async function metricsAt(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
  return (await response?.text()) ?? ''
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100))
}

function expectOk(answer: unknown): void {
  if ((answer as { ok?: boolean }).ok !== true) throw new Error(`not acknowledged: ${JSON.stringify(answer)}`)
}

async function startChainWriter(world: World, common: Record<string, string>, dir: string) {
  const { deployment } = world
  const key = generatePrivateKey()
  const to = privateKeyToAddress(key)
  await world.giveEther(to)
  return startServiceProcess(CHAIN_WRITER, {
    ...common,
    WRITER_KEY_FILE: secretFile(dir, 'writer-wallet', key),
    FACTORY: deployment.factory,
    ANCHOR_LOG: deployment.anchorLog,
    WATCH_POLL_MS: '100',
    // Who closes is up to the test.
    CLOSE_LOST_MS: 'never',
  })
}

function secretFile(dir: string, name: string, secret: string): string {
  const file = join(dir, name)
  writeFileSync(file, secret, { mode: 0o600 })
  return file
}
