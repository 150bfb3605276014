// Settlement, the payer's node, the payees' nodes and the homeserver, each killed with SIGKILL at random moments while a shipment is paid over real
// channels: every payee gets what it is due, once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { native } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { type ConsignEvent, parseEvent, subjects } from '@consign/events'
import { ensureChannel } from '@consign/raiden-client'
import {
  general,
  parties,
  savePartyKeys,
  signAcknowledgement,
  ssccWithCheckDigit,
  type TermsDraft,
  termsHash,
} from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { type Hex, parseEther, sha256, stringToHex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { append } from '../../chain-writer/test/scenario.ts'
import { ask } from '../../custody/test/ask.ts'
import { describeRaiden, type RaidenNode, type RaidenWorld, startRaidenWorld } from './raiden-world.ts'
import { randomOf } from './random.ts'
import { until } from './scene.ts'

// Deep: the profile of `npm run test:deep`.
const SEEDS = process.env.CONSIGN_DEEP === '1' ? 50 : 3
const KILLS_PER_RUN = 3
/** A shipment without kills is paid in about a second. */
const KILLED_WITHIN_MS = 2500
const AWAY_MS_MAX = 1000

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const SECOND_HOURS = 1 / 3600
const DRAFT: TermsDraft = {
  ...SAMPLE_DRAFT,
  parties: SAMPLE_DRAFT.parties.map((party) =>
    party.role === 'payer' ? party : { ...party, amountTokens: party.role === 'payee' ? '20' : '5' },
  ),
  limits: [{ metric: 'temperature', above: 40, penaltyTokens: '1' }],
  windows: { disputeHours: SECOND_HOURS, contestHours: SECOND_HOURS, paymentHours: SECOND_HOURS },
}
const PAYEES = ['supplier', 'shipper-x', 'shipper-y']
const { parties: KEYS } = sampleAgreement(DRAFT)
const walletOf = (name: string) => KEYS[name]!.wallet.address.toLowerCase() as Hex

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

describeRaiden('whoever is killed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'consign-settlement-kills-'))
  let raiden: RaidenWorld
  let nats: NatsServer
  let connection: Awaited<ReturnType<typeof connectNats>>
  let log: EventLog
  let payer: RaidenNode
  let payees: RaidenNode[]
  let settlement: ServiceProcess
  let env: Record<string, string>

  beforeAll(async () => {
    ;[raiden, nats] = await Promise.all([startRaidenWorld(), startNatsServer()])
    connection = await connectNats({ url: nats.url, name: 'test' })
    log = await connectEventLog({ nats: connection })
    const { token, world } = raiden
    payer = await raiden.startNode('payer', generatePrivateKey())
    payees = []
    for (const name of PAYEES) payees.push(await raiden.startNode(name, await keyOf(name)))
    const budget = parseEther('20') * BigInt(SEEDS + 1)
    await raiden.giveTokens(payer.address, budget * BigInt(PAYEES.length))
    for (const { address } of payees)
      await ensureChannel(payer.client, { token, partner: address, balanceMin: budget })
    const keyFile = join(dir, 'payer-wallet')
    writeFileSync(keyFile, await keyOf('factory'), { mode: 0o600 })
    env = {
      NATS_URL: nats.url,
      RPC_URL: world.anvil.url,
      CHAIN_ID: String(world.deployment.chainId),
      FINALITY: 'mined',
      PAYER_KEY_FILE: keyFile,
      TOKEN: token,
      PAYMENTS: 'raiden',
      RAIDEN_URL: payer.url,
      RAIDEN_PAY_MS: '10000',
      RAIDEN_QUIET_MS: '1000',
      EXPOSURE_MAX_TOKENS: '100000',
    }
    settlement = startServiceProcess(PROGRAM, env)
  })

  afterAll(async () => {
    await settlement?.stop()
    await connection?.close()
    await Promise.all([raiden?.close(), nats?.stop()])
    rmSync(dir, { recursive: true, force: true })
  })

  it.each(Array.from({ length: SEEDS }, (_, seed) => [seed]))(
    'every payee is paid once, seed %i',
    async (seed) => {
      const random = randomOf(seed)
      const agreement: Hex = `0x${sha256(stringToHex(`agreement ${seed}`)).slice(-40)}`
      const before = await received()
      await deliver(agreement, seed)
      const acknowledging = acknowledgeUntilSettled(agreement)
      const killing = Array.from({ length: KILLS_PER_RUN }, () => killOne(random))
      await Promise.all([acknowledging, ...killing])
      await until(async () => (await received()).every((sum, i) => sum - before[i]! === dueOf(PAYEES[i]!)))
      const made = (await events(agreement)).filter(({ type }) => type === 'settlement.payment.made.v1')
      expect(made).toHaveLength(2 * PAYEES.length)
      expect((await received()).map((sum, i) => sum - before[i]!)).toEqual(PAYEES.map(dueOf))
    },
  )

  it('every channel pays afterwards', async () => {
    const { token } = raiden
    for (const { address } of payees) {
      const paid = await payer.client.pay({ token, target: address, amount: 1n, timeoutMs: 60_000 })
      expect(paid).toMatchObject({ outcome: 'sent', target: address, amount: 1n })
    }
  })

  async function killOne(random: () => number): Promise<void> {
    const [atMs, victim, awayMs] = [random() * KILLED_WITHIN_MS, random(), random() * AWAY_MS_MAX]
    await pause(atMs)
    const programs = [undefined, payer.program, raiden.network, ...payees.map(({ program }) => program)]
    const program = programs[Math.floor(victim * programs.length)]
    if (program === undefined) return killSettlement(awayMs)
    await inTurn(program, async () => {
      await program.kill()
      await pause(awayMs)
      await program.start()
    })
  }

  function killSettlement(awayMs: number): Promise<void> {
    return inTurn(env, async () => {
      await settlement.kill()
      await pause(awayMs)
      settlement = startServiceProcess(PROGRAM, env)
    })
  }

  async function deliver(agreement: Hex, seed: number): Promise<void> {
    const { deployment } = raiden.world
    const shipment = ssccWithCheckDigit(String(34012345000000100 + seed))
    const { chainId } = deployment
    const { terms } = sampleAgreement(DRAFT, { chainId, token: raiden.token, shipment })
    const of = { agreement, shipment: general(terms).shipment }
    const signature = { ecdsa: '0x01', mlDsa: '0x01' } as const
    const signatures = { payerSignature: signature, payeeSignature: signature }
    await append(log, {
      type: 'custody.agreement.signed.v1',
      data: { ...of, terms, termsHash: termsHash(terms), ...signatures },
    })
    await append(log, { type: 'custody.delivered.v1', data: { ...of, leg: 0, to: walletOf('factory') } })
    await append(log, { type: 'penalty.shipment.assessed.v1', data: { ...of, legs: 1, violations: [] } })
  }

  async function acknowledgeUntilSettled(agreement: Hex): Promise<void> {
    const said = new Map<Hex, bigint>()
    for (;;) {
      const seen = await events(agreement)
      if (seen.some(({ type }) => type === 'settlement.settled.v1')) return
      for (const name of PAYEES) {
        const wallet = walletOf(name)
        const cumulative = seen.reduce(
          (sum, { type, data }) =>
            type === 'settlement.payment.made.v1' && data.wallet === wallet ? sum + BigInt(data.amount) : sum,
          0n,
        )
        if (cumulative === (said.get(wallet) ?? 0n)) continue
        const where = { chainId: raiden.world.deployment.chainId, agreement }
        const signature = await signAcknowledgement(native, KEYS[name]!, where, { party: wallet, cumulative })
        const request = { agreement, cumulative: String(cumulative), signature }
        const answer = await ask(connection, wallet, 'acknowledge', request)
        if ((answer as { ok?: boolean }).ok === true) said.set(wallet, cumulative)
      }
      await pause(100)
    }
  }

  async function events(agreement: Hex): Promise<ConsignEvent[]> {
    const found: ConsignEvent[] = []
    for await (const { data } of log.read([subjects.settlement(agreement)])) found.push(parseEvent(data))
    return found
  }

  /** What each payee's own node has received in all; waits until every node answers. */
  async function received(): Promise<bigint[]> {
    const sums: bigint[] = []
    for (const { client } of payees) {
      let payments = await client.payments(raiden.token).catch(() => undefined)
      while (payments === undefined) {
        await pause(200)
        payments = await client.payments(raiden.token).catch(() => undefined)
      }
      const own = payments.filter(({ outcome }) => outcome === 'received')
      sums.push(own.reduce((sum, { amount = 0n }) => sum + amount, 0n))
    }
    return sums
  }

  async function keyOf(name: string): Promise<Hex> {
    const file = join(dir, name)
    await savePartyKeys(file, KEYS[name]!)
    return JSON.parse(readFileSync(file, 'utf8')).wallet
  }
})

const turns = new Map<object, Promise<void>>()

/** One kill of a victim after the other. */
function inTurn(victim: object, work: () => Promise<void>): Promise<void> {
  const turn = (turns.get(victim) ?? Promise.resolve()).then(work)
  turns.set(victim, turn)
  return turn
}

function dueOf(name: string): bigint {
  const { terms } = sampleAgreement(DRAFT)
  return BigInt(parties(terms).find((party) => party.name === name)!.amount)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
