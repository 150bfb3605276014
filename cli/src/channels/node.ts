/** The Raiden node of whoever runs the command, and its refusals as the program says them: what is wrong, what to do. */
import { Refusal } from '@consign/envelope'
import { type RaidenClient, raidenClient } from '@consign/raiden-client'
import { required } from '../command.ts'
import { RefusedCall } from '../refused-call.ts'
import { url } from '../values.ts'

export const NODE = required(url, 'your Raiden node, like http://127.0.0.1:5001')

const WHAT_TO_DO: Record<string, string> = {
  'channel.unreachable': 'check --node, and that the node runs; to repeat the command is safe',
  'channel.syncing': 'wait until consign channels status says ready',
  'channel.fault': 'see the log of the node; to repeat the command is safe',
  'channel.tokens': 'send tokens, and ether for gas, to the address that consign channels status shows',
  'channel.closed': 'wait for the end of its settle timeout, then run this again',
  'channel.conflict': 'see consign channels list, then run this again',
  'channel.missing': 'see consign channels list',
}

/**
 * Works with the node. What the client refuses becomes a RefusedCall with the same code: the node refused or did not answer, the input is
 * right. Unless `whileSyncing`, a node that is not ready is refused with 'channel.syncing' before anything else.
 */
export async function withNode<T>(
  nodeUrl: string,
  work: (node: RaidenClient) => Promise<T>,
  { whileSyncing = false } = {},
): Promise<T> {
  const node = raidenClient({ url: nodeUrl })
  try {
    if (!whileSyncing) await requireReady(node)
    return await work(node)
  } catch (error) {
    if (!isOfNode(error)) throw error
    // The first thing that is asked: every Raiden node has it.
    if (error.code === 'channel.missing' && error.message.includes('GET /status:'))
      throw new RefusedCall(
        'channel.stranger',
        `${nodeUrl} answers, but is no Raiden node; check --node`,
        error,
      )
    const advice = WHAT_TO_DO[error.code]
    throw new RefusedCall(error.code, advice ? `${error.message}; ${advice}` : error.message, error)
  }
}

export const isOfNode = (error: unknown): error is Refusal =>
  error instanceof Refusal && error.code.startsWith('channel.')

async function requireReady(node: RaidenClient): Promise<void> {
  const status = await node.status()
  if (status !== 'ready')
    throw new Refusal('channel.syncing', `the Raiden node ${node.url} is ${status}`, { retry: true })
}
