import { portVariable } from '@consign/runtime'
import { z } from 'zod'

const whole = (what: string) => z.coerce.number(`must be whole ${what}`).int()

/** Environment of the node. One wallet, one process: KEYSTORE_FILE (web3 secret storage v3) is opened by PASSWORD_FILE (0600). */
export const configSchema = z.object({
  RPC_URL: z.url('must be the URL of an Ethereum node').default('http://127.0.0.1:8545'),
  CHAIN_ID: whole('numbers').positive(),
  CONTRACTS_FILE: z.string(),
  MATRIX_URL: z.url('must be the URL of a Matrix homeserver'),
  PFS_URL: z.url('must be the URL of a path-finding service'),
  KEYSTORE_FILE: z.string(),
  PASSWORD_FILE: z.string(),
  DATA_DIR: z.string(),
  // Where one lock file per wallet and chain lies; all nodes of one user should name the same.
  LOCK_DIR: z.string().optional(),
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: portVariable.default(5001),
  METRICS_PORT: portVariable.default(0),
  // Half of the settle timeout at most. Below 20 s withdrawals expire before their transaction is mined.
  REVEAL_TIMEOUT_S: whole('seconds').min(5).default(20),
  CONFIRMATION_BLOCKS: whole('blocks').min(0).default(5),
  POLL_MS: whole('milliseconds').min(50).default(1_000),
})
