import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import { freePort } from '@consign/eventlog/testing'
import { createWalletClient, type Hex, http, parseEther, publicActions, testActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { anvil as anvilChain } from 'viem/chains'
import type { ProcessGroup } from './processes.ts'

const READY_MS_MAX = 15_000
// Anvil's own test phrase, known to everybody: it holds play money on a chain that ends with this process.
const DEVELOPER_PHRASE = 'test test test test test test test test test test test junk'

export type Anvil = Awaited<ReturnType<typeof startAnvil>>

/** A fresh EVM with the P-256 precompile; a block every second, and finality two blocks behind. */
export async function startAnvil(processes: ProcessGroup) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const flags = ['--hardfork', 'osaka', '--block-time', '1', '--mixed-mining', '--slots-in-an-epoch', '1']
  processes.start({
    name: 'anvil',
    command: anvilBinary(),
    args: ['--host', '127.0.0.1', '--port', String(port), ...flags],
  })
  const developer = mnemonicToAccount(DEVELOPER_PHRASE)
  const client = createWalletClient({
    account: developer,
    chain: anvilChain,
    transport: http(url),
    pollingInterval: 50,
  })
    .extend(publicActions)
    .extend(testActions({ mode: 'anvil' }))
  await untilItAnswers(client, processes.logFile('anvil'))
  return {
    url,
    client,
    developer,
    async giveEther(to: Hex) {
      await client.waitForTransactionReceipt({
        hash: await client.sendTransaction({ to, value: parseEther('100') }),
      })
    },
  }
}

async function untilItAnswers(client: { getChainId(): Promise<number> }, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX
  while (Date.now() < deadline) {
    try {
      await client.getChainId()
      return
    } catch {
      await sleep(50)
    }
  }
  throw new Refusal('demo.anvil', `anvil did not answer; its log is ${logFile}.`)
}

/** The native binary beside npm's wrapper: a signal to the wrapper would leave anvil itself behind. */
export function anvilBinary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('@consign/contracts/package.json'))
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  try {
    return join(dirname(require.resolve(`@foundry-rs/anvil-${platform}/package.json`)), 'bin', 'anvil')
  } catch (cause) {
    throw new Refusal('demo.anvil', `there is no anvil for ${platform}; install Foundry's anvil for it.`, {
      cause,
    })
  }
}
