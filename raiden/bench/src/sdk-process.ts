/** The SDK in a process of its own, from outside. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Hex } from 'viem'
import type { SdkNodeOptions } from '../../network/test/sdk-node.ts'
import type { Sender } from './rounds.ts'
import type { Done, Order } from './sdk-sender.ts'

const PROGRAM = fileURLToPath(new URL('sdk-sender.ts', import.meta.url))

export type SdkProcess = Sender & { open(partner: Hex, deposit: number): Promise<unknown>; kill(): void }

/** Resolves when it is in step with chain and homeserver. Kill it afterwards; it ends with this process at the latest. */
export async function startSdkProcess(options: SdkNodeOptions): Promise<SdkProcess> {
  const child = fork(PROGRAM, [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the SDK did not start`))),
  ])
  const waiting = new Map<number, (done: Done) => void>()
  child.on('message', (done: Done) => waiting.get(done.id)?.(done))
  let orders = 0
  async function carryOut(order: Omit<Order, 'id'>): Promise<number> {
    const id = ++orders
    child.send({ id, ...order } satisfies Order)
    const done = await new Promise<Done>((resolve) => waiting.set(id, resolve))
    waiting.delete(id)
    if ('error' in done) throw new Error(`the SDK: ${done.error}`)
    return done.ms
  }
  return {
    open: (partner, amount) => carryOut({ what: 'open', partner, amount }),
    pay: (partner, amount) => carryOut({ what: 'pay', partner, amount }),
    kill,
  }
}
