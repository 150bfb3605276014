#!/usr/bin/env node
// Deploys Raiden's own contracts and a token network, and says in OUT where they are. A repetition leaves what is there. For development: on a public
// chain use the contracts that the Raiden project deployed. Environment: deploymentConfigSchema. Exit 0 done, 1 the chain or a file refuses, 2 bad input.
import { Refusal } from '@consign/envelope'
import { loadConfig } from '@consign/runtime'
import { createWalletClient, type Hex, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { deploymentConfigSchema } from './config.ts'
import { readContractsJson } from './deployment/contracts-json.ts'
import { deployRaiden } from './deployment/deploy-raiden.ts'
import { readDeployment, writeDeployment } from './deployment/record.ts'

// Ten transactions one after the other: with anvil each is mined at once, and asking rarely would be most of the time.
const POLL_MS = 50

const config = loadConfig(deploymentConfigSchema)
try {
  await deploy()
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  process.stderr.write(`raiden deploy: ${error.message} [${error.code}]\n`)
  process.exitCode = 1
}

async function deploy(): Promise<void> {
  const compiled = readContractsJson(config.CONSIGN_RAIDEN_CONTRACTS)
  const before = readDeployment(config.OUT)
  const client = createWalletClient({
    account: privateKeyToAccount(`0x${config.DEPLOYER_KEY_FILE.replace(/^0x/, '')}` as Hex),
    transport: http(config.RPC_URL),
    pollingInterval: POLL_MS,
  }).extend(publicActions)
  const chainId = await client.getChainId()
  for (const [what, id] of [['CHAIN_ID', config.CHAIN_ID] as const, [config.OUT, before?.chainId] as const])
    if (id !== undefined && id !== chainId)
      throw new Refusal(
        'raiden.deploy.chain',
        `RPC_URL is chain ${chainId}, but ${what} says ${id}; correct one.`,
      )
  const deployment = await deployRaiden(client, {
    chainId,
    compiled,
    token: config.TOKEN,
    settleTimeoutS: config.SETTLE_TIMEOUT_S,
    before,
  })
  writeDeployment(config.OUT, deployment)
  process.stdout.write(`${JSON.stringify({ msg: 'deployed', out: config.OUT })}\n`)
}
