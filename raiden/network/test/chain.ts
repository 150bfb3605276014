// A chain for a Raiden network: anvil, and a token that anyone may mint.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createWalletClient,
  getAddress,
  type Hex,
  http,
  nonceManager,
  parseEther,
  publicActions,
  toHex,
} from 'viem'
import { developer, startAnvil } from '../../../contracts/script/anvil.ts'
import { initcodeOf, readContractsJson } from '../src/deployment/contracts-json.ts'

/** Path of Raiden's contracts.json; undefined where set-up could not fetch it. */
export const CONTRACTS_JSON = process.env.CONSIGN_RAIDEN_CONTRACTS

export type TestChain = Awaited<ReturnType<typeof startChain>>

/** A block every second and one for each transaction: nodes tell time by blocks. Close it afterwards. */
export async function startChain() {
  const anvil = await startAnvil(['--block-time', '1', '--mixed-mining'])
  const dir = mkdtempSync(join(tmpdir(), 'consign-raiden-'))
  const compiled = readContractsJson(CONTRACTS_JSON!)
  const client = createWalletClient({
    // Nodes start side by side.
    account: { ...developer, nonceManager },
    transport: http(anvil.url),
    pollingInterval: 20,
  }).extend(publicActions)
  const mined = async (hash: Hex) => client.waitForTransactionReceipt({ hash })
  const token = compiled.CustomToken
  const data = initcodeOf(compiled, 'CustomToken', [1n, 18, 'Test tokens', 'TST'])
  const { contractAddress } = await mined(await client.sendTransaction({ data, chain: null }))
  const address = getAddress(contractAddress!)
  return {
    url: anvil.url,
    chainId: await client.getChainId(),
    client,
    compiled,
    token: address,
    /** What startRaidenNetwork asks for. */
    networkOptions: {
      rpcUrl: anvil.url,
      chainId: await client.getChainId(),
      token: address,
      deployerKey: toHex(developer.getHdKey().privateKey!),
      dir,
      contractsJson: CONTRACTS_JSON,
    },
    async fund(to: Hex, tokens: bigint) {
      const call = { address, abi: token.abi, functionName: 'mintFor', args: [tokens, to], chain: null }
      await mined(await client.writeContract(call))
      await mined(await client.sendTransaction({ to, value: parseEther('10'), chain: null }))
    },
    async close() {
      await anvil.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
