#!/usr/bin/env node
// Payments through the node's REST API beside payments by the SDK called directly, in the same run to the same receivers. Started by
// `npm run bench -- payments`. Prints one JSON line on stdout, PaymentFigures with what else can be measured here, and runs on until SIGTERM.
import { once } from 'node:events'
import type { Hex } from 'viem'
import { PUBLISHED, startSdkNode } from '../../network/test/sdk-node.ts'
import { startWorld } from '../../node/test/world.ts'
import { median, oneByOne, type Sender, severalAtOnce } from './rounds.ts'

/**
 * Median ms of one payment at a time, direct and mediated, by the SDK as it is published, by the SDK with its defects mended, and over REST; and payments per
 * second with several under way, where the published one may hang.
 */
export type PaymentFigures = {
  direct: { published: number; mended: number; rest: number }
  mediated: { published: number; mended: number; rest: number }
  perSecond: { mended: number; rest: number }
  /** The node that pays over REST, and whom it can pay: the first directly, the others through the first. */
  node: { url: string; token: Hex; receivers: Hex[] }
}

const DEPOSIT = 100_000
const WARM_UP = 10
const PAYMENTS = 60

const world = await startWorld()
try {
  const nodes = await startNodes()
  process.stdout.write(`${JSON.stringify({ msg: 'ready', ...(await measure(nodes)) })}\n`)
  await once(process, 'SIGTERM')
  await Promise.all([nodes.mended.stop(), nodes.published.stop()])
} finally {
  await world.close()
}

type Nodes = Awaited<ReturnType<typeof startNodes>>

async function startNodes() {
  const started = (name: string) => world.startNode(name)
  const [payer, supplier, shipperX, shipperY, mended, published] = await Promise.all([
    started('payer'),
    started('supplier'),
    started('shipper-x'),
    started('shipper-y'),
    startSdkNode(world.chain, world.network),
    startSdkNode(world.chain, world.network, PUBLISHED),
  ])
  await Promise.all([
    world.open(payer, supplier, DEPOSIT),
    ...[mended, published].map((sender) => sender.openChannel(supplier.address as Hex, DEPOSIT)),
    // A node opens one channel after the other.
    world.open(supplier, shipperX, DEPOSIT).then(() => world.open(supplier, shipperY, DEPOSIT)),
  ])
  return { payer, supplier, shipperX, shipperY, mended, published }
}

async function measure({ payer, supplier, shipperX, shipperY, ...sdk }: Nodes): Promise<PaymentFigures> {
  const [first, second, third] = [supplier, shipperX, shipperY].map(({ address }) => address as Hex)
  const senders = { ...sdk, rest: overRest(payer.url) }
  await oneByOne(senders, second!, WARM_UP)
  const direct = await oneByOne(senders, first!, PAYMENTS)
  const mediated = await oneByOne(senders, second!, PAYMENTS)
  const perSecond = await severalAtOnce({ mended: sdk.mended, rest: senders.rest }, first!)
  const medians = ({ published, mended, rest }: typeof direct) => ({
    published: median(published),
    mended: median(mended),
    rest: median(rest),
  })
  return {
    direct: medians(direct),
    mediated: medians(mediated),
    perSecond: { mended: median(perSecond.mended), rest: median(perSecond.rest) },
    node: { url: payer.url, token: world.token, receivers: [first!, second!, third!] },
  }
}

function overRest(url: string): Sender {
  return {
    async pay(target, amount) {
      const response = await fetch(`${url}/api/v1/payments/${world.token}/${target}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ amount: String(amount) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`the node answered ${response.status}: ${text}`)
    },
  }
}
