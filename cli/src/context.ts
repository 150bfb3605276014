/** What a command works with. Chain and keys are opened when a command asks for them, so that each asks only for the options it needs. */
import { type PublicClient, publicClient } from '@consign/chain'
import { type CryptoProvider, native, Refusal } from '@consign/envelope'
import { loadPartyKeys, type PartyKeys } from '@consign/terms'
import { type DeployedContracts, readDeployment } from './deployment.ts'
import type { CommonValues } from './invocation.ts'

export type Chain = { url: string; chainId: number; client: PublicClient; contracts: DeployedContracts }

export type Context = {
  dryRun: boolean
  crypto: CryptoProvider
  nowMs: () => number
  /** A line for people about long work, apart from the report. */
  progress: (line: string) => void
  /** Refusal 'argument.missing' without --rpc, 'rpc.…' and 'deployment.…'. */
  chain: () => Promise<Chain>
  /** Refusal 'argument.missing' without --key-file, 'partyKeys.…'. */
  keys: () => Promise<PartyKeys>
}

export function contextOf(common: CommonValues, progress: (line: string) => void): Context {
  return {
    dryRun: common['dry-run'],
    crypto: native,
    nowMs: Date.now,
    progress,
    chain: once(() => openChain(common)),
    keys: once(async () => {
      const file = common['key-file']
      if (file === undefined)
        throw new Refusal(
          'argument.missing',
          '--key-file FILE is needed, or CONSIGN_KEY_FILE; make one with consign keys new',
        )
      return loadPartyKeys(file)
    }),
  }
}

async function openChain({ rpc, deployment }: CommonValues): Promise<Chain> {
  if (rpc === undefined) throw new Refusal('argument.missing', '--rpc URL is needed, or CONSIGN_RPC')
  if (!/^https?:\/\//.test(rpc))
    throw new Refusal('argument.value', `--rpc: "${rpc}" does not begin with http:// or https://`)
  const client = publicClient(rpc)
  const chainId = await client.getChainId()
  return { url: rpc, chainId, client, contracts: await readDeployment(chainId, deployment) }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
