// A chain of its own for a test or a measurement: a fresh anvil with the P-256 precompile, on a free port of 127.0.0.1.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { mnemonicToAccount } from 'viem/accounts'
import { foundryBinary } from './foundry.ts'

// Known to everybody: it holds play money on chains that end with their process.
const DEVELOPER_PHRASE = 'test test test test test test test test test test test junk'

export const developer = mnemonicToAccount(DEVELOPER_PHRASE)

export type Anvil = { url: string; stop: () => Promise<void> }

/** Starts anvil, which mines each transaction at once. Throws when it ends before it listens. */
export async function startAnvil(flags: string[] = []): Promise<Anvil> {
  const child = spawn(
    foundryBinary('anvil'),
    ['--host', '127.0.0.1', '--port', '0', '--hardfork', 'osaka', ...flags],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  const stop = async () => {
    process.off('exit', endWithUs)
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  const address = await listeningAddress(child)
  child.stdout?.resume()
  return { url: `http://${address}`, stop }
}

async function listeningAddress(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('anvil has no output to read')
  for await (const line of createInterface(child.stdout)) {
    const found = /^Listening on (\S+)$/.exec(line)
    if (found?.[1]) return found[1]
  }
  throw new Error(`anvil ended before it listened, with exit code ${child.exitCode}`)
}
