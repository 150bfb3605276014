import { portVariable, secretFileVariable } from '@consign/runtime'
import { type Address, getAddress, isAddress } from 'viem'
import { z } from 'zod'

const chainId = z.coerce.number('must be a number').int().positive()

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }), 'must be an address: 0x and 40 hex digits')
  .transform((value): Address => getAddress(value))

/** Environment of deploy.ts. CONSIGN_RAIDEN_CONTRACTS is set by set-up; DEPLOYER_KEY_FILE holds 32 bytes in hex (0600). */
export const deploymentConfigSchema = z.object({
  RPC_URL: z.url('must be the URL of an Ethereum node').default('http://127.0.0.1:8545'),
  CHAIN_ID: chainId,
  DEPLOYER_KEY_FILE: secretFileVariable.refine(
    (key) => /^(0x)?[0-9a-fA-F]{64}$/.test(key),
    'the file must hold 32 bytes in hex',
  ),
  TOKEN: address,
  OUT: z.string(),
  // Nodes want at least twice their reveal timeout. A minute suits a demonstration; see raiden/README.md for what real money needs.
  SETTLE_TIMEOUT_S: z.coerce.number('must be whole seconds').int().positive().default(60),
  CONSIGN_RAIDEN_CONTRACTS: z.string(),
})

/** Environment of main.ts. Without DATA_DIR everything is in memory and ends with the process. */
export const networkConfigSchema = z.object({
  PORT: portVariable.default(0),
  CHAIN_ID: chainId,
  CONTRACTS_FILE: z.string(),
  DATA_DIR: z.string().optional(),
  METRICS_PORT: portVariable.default(0),
})
