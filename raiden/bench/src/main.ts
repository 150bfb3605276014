#!/usr/bin/env node
// Payments through the node's REST API beside payments by the SDK called directly, in the same run to the same receivers. Started by
// `npm run bench -- payments`. Prints one JSON line on stdout, PaymentFigures with what else can be measured here, and runs on until SIGTERM.
import { once } from 'node:events'
import type { Hex } from 'viem'
import { sdkNodeOptions } from '../../network/test/sdk-node.ts'
import { startWorld } from '../../node/test/world.ts'
import { median, oneByOne, type Sender, severalAtOnce, timed } from './rounds.ts'
import { startSdkProcess } from './sdk-process.ts'

/**
 * Median ms of one payment at a time, direct and mediated, and payments per second with several under way: by the SDK called directly, with the defects
 * mended that raiden/README.md names (as it is published it may hang), and over REST.
 */
export type PaymentFigures = {
  direct: { sdk: number; rest: number }
  mediated: { sdk: number; rest: number }
  perSecond: { sdk: number; rest: number }
  /** The node that pays over REST, and whom it can pay: the first directly, the others through the first. */
  node: { url: string; token: Hex; receivers: Hex[] }
}

const DEPOSIT = 100_000
const WARM_UP = 10
const PAYMENTS = 60

// From the start, or a signal while it measures would leave nodes and chain behind.
const told = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
const world = await startWorld()
try {
  const nodes = await startNodes()
  const measured = measure(nodes).then((figures) =>
    process.stdout.write(`${JSON.stringify({ msg: 'ready', ...figures })}\n`),
  )
  await Promise.race([measured, told])
  await told
} finally {
  await world.close()
}
// Ends the process of the SDK, and a measurement that is still under way.
process.exit()

type Nodes = Awaited<ReturnType<typeof startNodes>>

async function startNodes() {
  const [payer, supplier, shipperX, shipperY, sdk] = await Promise.all([
    world.startNode('payer'),
    world.startNode('supplier'),
    world.startNode('shipper-x'),
    world.startNode('shipper-y'),
    sdkNodeOptions(world.chain, world.network).then(startSdkProcess),
  ])
  await Promise.all([
    world.open(payer, supplier, DEPOSIT),
    sdk.open(supplier.address as Hex, DEPOSIT),
    // A node opens one channel after the other.
    world.open(supplier, shipperX, DEPOSIT).then(() => world.open(supplier, shipperY, DEPOSIT)),
  ])
  return { payer, supplier, shipperX, shipperY, sdk }
}

async function measure({ payer, supplier, shipperX, shipperY, sdk }: Nodes): Promise<PaymentFigures> {
  const [direct, mediated, other] = [supplier, shipperX, shipperY].map(({ address }) => address as Hex)
  const senders = { sdk, rest: overRest(payer.url) }
  await oneByOne(senders, mediated!, WARM_UP)
  const medians = ({ sdk, rest }: { sdk: number[]; rest: number[] }) => ({
    sdk: median(sdk),
    rest: median(rest),
  })
  return {
    direct: medians(await oneByOne(senders, direct!, PAYMENTS)),
    mediated: medians(await oneByOne(senders, mediated!, PAYMENTS)),
    perSecond: medians(await severalAtOnce(senders, direct!)),
    node: { url: payer.url, token: world.token, receivers: [direct!, mediated!, other!] },
  }
}

function overRest(url: string): Sender {
  const pay = async (target: Hex, amount: number) => {
    const response = await fetch(`${url}/api/v1/payments/${world.token}/${target}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: String(amount) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`the node answered ${response.status}: ${text}`)
  }
  return { pay: (target, amount) => timed(() => pay(target, amount)) }
}
