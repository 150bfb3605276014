// The whole of it on a chain of its own: contracts, an organisation whose escrow is covered, a folder, and enforce.ts as its own process. While
// that waits, the chain's clock is moved on. `node tools/enforce/rehearsal.ts` shows it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Deployment, deployConsign, settlementTokenAbi, walletClient } from '@consign/chain'
import { sampleAgreement } from '@consign/terms/testing'
import { createTestClient, type Hex, http, parseEther } from 'viem'
import { type Anvil, developer, startAnvil } from '../../contracts/script/anvil.ts'
import { coverOrganisation } from '../../contracts/script/organisation.ts'
import type { Shipment } from '../../contracts/script/shipment.ts'
import { DRAFT, prepare } from './prepare.ts'

export type Outcome = { exitCode: number; lines: string[]; errors: string }

export type Rehearsal = {
  folder: string
  deployment: Deployment
  shipment: Shipment
  /** Runs enforce.ts with the key files of these parties. */
  enforce(parties: string[], say?: (line: string) => void, folder?: string): Promise<Outcome>
  /** In the token's smallest unit. */
  tokensOf(party: string): Promise<bigint>
  client: ReturnType<typeof walletClient>
  end(): Promise<void>
}

export async function rehearse(): Promise<Rehearsal> {
  const anvil = await startAnvil()
  const dir = mkdtempSync(join(tmpdir(), 'consign-enforce-'))
  const folder = join(dir, 'folder')
  const client = walletClient(anvil.url, developer)
  const { address: organisation } = sampleAgreement(DRAFT).parties.factory!.wallet
  const deployment = await deployConsign({ client, account: developer, organisation })
  const shipment = await prepare(folder, deployment)
  const wallet = (party: string) => {
    const keys = shipment.parties[party]
    if (!keys) throw new Error(`the shipment has no ${party}`)
    return keys.wallet
  }
  await coverOrganisation(client, deployment, wallet('factory'))
  for (const { address } of [wallet('supplier'), wallet('shipper-x')]) await giveEther(client, address)
  return {
    ...{ folder, deployment, shipment, client },
    enforce: (parties, say, from = folder) => runEnforce(anvil, from, parties, say),
    tokensOf: (party) =>
      client.readContract({
        address: deployment.token,
        abi: settlementTokenAbi,
        functionName: 'balanceOf',
        args: [wallet(party).address],
      }),
    async end() {
      await anvil.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function giveEther(client: Rehearsal['client'], to: Hex): Promise<void> {
  const hash = await client.sendTransaction({ to, value: parseEther('10'), chain: null })
  await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
}

async function runEnforce(
  anvil: Anvil,
  folder: string,
  parties: string[],
  say: (line: string) => void = () => {},
): Promise<Outcome> {
  const script = fileURLToPath(new URL('enforce.ts', import.meta.url))
  const keyFiles = parties.flatMap((party) => ['--key-file', join(folder, 'keys', `${party}.json`)])
  const child = spawn(process.execPath, [script, folder, '--rpc', anvil.url, ...keyFiles])
  const closed = once(child, 'close')
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    say(line)
    const awaited = /waiting until (\S+)$/.exec(line)?.[1]
    if (awaited) await moveClock(anvil, awaited)
  }
  const [exitCode] = (await closed) as [number]
  return { exitCode, lines, errors }
}

async function moveClock(anvil: Anvil, to: string): Promise<void> {
  const chain = createTestClient({ mode: 'anvil', transport: http(anvil.url) })
  await chain.setNextBlockTimestamp({ timestamp: BigInt(Date.parse(to)) / 1000n })
  await chain.mine({ blocks: 1 })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rehearsal = await rehearse()
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const { exitCode, errors } = await rehearsal.enforce(['supplier', 'shipper-x', 'factory'], say)
  process.stderr.write(errors)
  process.exitCode = exitCode
  await rehearsal.end()
}
