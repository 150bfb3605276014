// What a party can do when every service is gone: node tools/enforce/enforce.ts FOLDER --rpc URL --key-file FILE [--key-file FILE …]
// With nothing but viem, the files that the party holds (folder.ts) and a chain, it makes, starts and cuts the agreement where that is still to
// be done, proves every violation in its files, contests it where a key file is the accused's, answers with the leg's seal, settles after the
// windows and claims the guarantees. Key files are those of `consign keys`; the first pays for gas. Exit 0 when all is done; else 1 and one line.
import { readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Hex, PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { connect } from './chain.ts'
import { readFolder } from './folder.ts'
import { enforce } from './steps.ts'

const USAGE = 'usage: node tools/enforce/enforce.ts FOLDER --rpc URL --key-file FILE [--key-file FILE …]'
const STEP_WIDTH = 'acknowledge'.length

function print(step: string, what: string, gas?: bigint): void {
  const cost = gas === undefined ? '' : `; gas ${String(gas).replace(/\B(?=(\d{3})+$)/g, ',')}`
  process.stdout.write(`${step.padEnd(STEP_WIDTH)}  ${what}${cost}\n`)
}

function readWallet(file: string): PrivateKeyAccount {
  if ((statSync(file).mode & 0o077) !== 0)
    throw new Error(`${file} may be read by others; run chmod 600 on it`)
  try {
    return privateKeyToAccount(JSON.parse(readFileSync(file, 'utf8')).wallet as Hex)
  } catch {
    // The cause may quote the file, which is secret.
    throw new Error(`${file} is not a key file`)
  }
}

async function main(): Promise<void> {
  const options = { rpc: { type: 'string' }, 'key-file': { type: 'string', multiple: true } } as const
  const { positionals, values } = parseArgs({ allowPositionals: true, options })
  const [dir, more] = positionals
  const [first, ...others] = (values['key-file'] ?? []).map(readWallet)
  if (!dir || more || !values.rpc || !first) throw new Error(USAGE)
  const folder = readFolder(dir)
  const chain = connect(values.rpc, print)
  const chainId = await chain.chainId()
  if (chainId !== folder.deployment.chainId)
    throw new Error(`${values.rpc} is chain ${chainId}; the contracts are on ${folder.deployment.chainId}`)
  if (!(await chain.hasCode(folder.deployment.factory)))
    throw new Error(`no factory at ${folder.deployment.factory}`)
  await enforce({ folder, chain, wallets: [first, ...others], print })
}

try {
  await main()
} catch (error) {
  const [line] = (error as Error).message.split('\n')
  process.stderr.write(`enforce: ${line}\n`)
  process.exitCode = 1
}
