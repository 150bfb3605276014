/**
 * Payments over Raiden: through the node's REST API, as settlement makes them, beside the SDK called directly, in the same run to the same receivers. A
 * program of raiden/ measures both, because no package of the root depends on the SDK. Then the payouts of a plan for three parties through
 * settlement's own channel, one directly and two mediated.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { raidenClient } from '@consign/raiden-client'
import { type Hex, numberToHex } from 'viem'
import { z } from 'zod'
import type { PaymentChannel } from '../../services/settlement/src/adapters/payment-channel.ts'
import { raidenChannel } from '../../services/settlement/src/adapters/raiden-channel.ts'
import { rememberedAttempts } from '../../services/settlement/test/remembered-attempts.ts'
import { type BenchResult, latencyOf } from './measure.ts'

const PROGRAM = fileURLToPath(new URL('../../raiden/bench/src/main.ts', import.meta.url))
const PLANS = 20
const PAY_MS_MAX = 60_000

const sides = z.object({ sdk: z.number(), rest: z.number() })
const address = z.string().transform((text) => text.toLowerCase() as Hex)
const figuresSchema = z.object({
  direct: sides,
  mediated: sides,
  perSecond: sides,
  node: z.object({ url: z.url(), token: address, receivers: z.array(address) }),
})

type Figures = z.output<typeof figuresSchema>

export async function run(): Promise<BenchResult[]> {
  if (process.env.CONSIGN_RAIDEN_CONTRACTS === undefined) {
    process.stderr.write('payments are left out: Raiden is not installed here; npm run setup says why\n')
    return []
  }
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'ignore'] })
  // It has processes of its own, which it ends then.
  const endWithUs = () => child.kill('SIGTERM')
  process.once('exit', endWithUs)
  try {
    const figures = await readFigures(child)
    return [...resultsOf(figures), latencyOf('plan for 3 parties over Raiden', await planMs(figures.node))]
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    process.off('exit', endWithUs)
  }
}

async function readFigures(child: ChildProcess): Promise<Figures> {
  for await (const line of createInterface({ input: child.stdout! }))
    return figuresSchema.parse(JSON.parse(line))
  throw new Error(`${PROGRAM} ended before it had measured anything; start it by itself to see why`)
}

function resultsOf({ direct, mediated, perSecond }: Figures): BenchResult[] {
  const directly = latencyOf('direct payment by the SDK', direct.sdk, { perSecond: perSecond.sdk })
  const through = latencyOf('mediated payment by the SDK', mediated.sdk)
  return [
    directly,
    latencyOf('direct payment over REST', direct.rest, { perSecond: perSecond.rest, baseline: directly }),
    through,
    latencyOf('mediated payment over REST', mediated.rest, { baseline: through }),
  ]
}

/** Median ms in which all parties of a plan are paid, one after the other, as settlement pays them. */
async function planMs({ url, token, receivers }: Figures['node']): Promise<number> {
  const channel = raidenChannel({
    client: raidenClient({ url }),
    token,
    secretKey: new Uint8Array(32).fill(1),
    attempts: rememberedAttempts(),
    payMsMax: PAY_MS_MAX,
    quietMs: 1_000,
    exposureMax: 0n,
    tokensOf: async () => 0n,
    now: Date.now,
    step: () => undefined,
    logger: { error: (_, line) => process.stderr.write(`${line}\n`) },
  })
  const ms: number[] = []
  for (let plan = 0; plan < PLANS; plan++) {
    const startMs = performance.now()
    for (const [index, to] of receivers.entries()) await pay(channel, to, plan * receivers.length + index)
    ms.push(performance.now() - startMs)
  }
  return ms.toSorted((a, b) => a - b)[PLANS / 2]!
}

async function pay(channel: PaymentChannel, to: Hex, number: number): Promise<void> {
  const agreement: Hex = `0x${'ab'.repeat(20)}`
  const outcome = await channel.pay({
    agreement,
    paymentId: numberToHex(number, { size: 32 }),
    to,
    amount: 1n,
  })
  if (outcome.status !== 'paid') throw new Error(`payment ${number}: ${outcome.reason}`)
}
