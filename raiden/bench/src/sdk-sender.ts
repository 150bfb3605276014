// The SDK in a process of its own, as the node has it, but called directly: started by sdk-process.ts with SdkNodeOptions as its argument. Opens a
// channel or pays on a message of its parent; a payment's time is taken here, around the call.
import type { Hex } from 'viem'
import { runSdkNode, type SdkNode } from '../../network/test/sdk-node.ts'

/** What the parent asks for, and what it is answered. */
export type Order = { id: number; what: 'open' | 'pay'; partner: Hex; amount: number }
export type Done = { id: number; ms: number } | { id: number; error: string }

const node = await runSdkNode(JSON.parse(process.argv[2]!))
process.on('message', (order: Order) => void carryOut(node, order).then((done) => process.send?.(done)))
process.send?.('ready')

async function carryOut(node: SdkNode, { id, what, partner, amount }: Order): Promise<Done> {
  const startMs = performance.now()
  try {
    await (what === 'pay' ? node.pay(partner, amount) : node.openChannel(partner, amount))
    return { id, ms: performance.now() - startMs }
  } catch (error) {
    return { id, error: String(error) }
  }
}
