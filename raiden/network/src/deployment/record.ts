/** The file that tells every program of a Raiden network where its contracts are; `deploy.ts` writes it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Refusal } from '@consign/envelope'
import { type Address, getAddress, isAddress } from 'viem'
import { z } from 'zod'

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }), 'must be an address')
  .transform((value) => getAddress(value))

/** `block_number`: no event of the contract is in an earlier block. The names are those of the SDK's `ContractsInfo`. */
const deployed = z.object({ address, block_number: z.int().nonnegative() })

const recordSchema = z.object({
  chainId: z.int().positive(),
  settleTimeoutS: z.int().positive(),
  contracts: z.object({
    TokenNetworkRegistry: deployed,
    ServiceRegistry: deployed,
    UserDeposit: deployed,
    SecretRegistry: deployed,
    MonitoringService: deployed,
    OneToN: deployed,
  }),
  serviceToken: address,
  /** Token to its token network. */
  tokenNetworks: z.record(z.string(), address).transform(byChecksum),
})

/** Addresses are EIP-55, as the SDK compares them as text. */
export type RaidenDeployment = z.output<typeof recordSchema>

/** The record at `path`, undefined where there is none; throws `raiden.record` for anything else. */
export function readDeployment(path: string): RaidenDeployment | undefined {
  if (!existsSync(path)) return undefined
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new Refusal(
      'raiden.record',
      `${path} does not say where Raiden's contracts are; remove it and run raiden/network/src/deploy.ts.`,
      { cause },
    )
  }
}

/** Replaces the file in one step: a reader never sees half of it. */
export function writeDeployment(path: string, deployment: RaidenDeployment): void {
  const partial = `${path}.${process.pid}`
  writeFileSync(partial, `${JSON.stringify(deployment, null, 2)}\n`)
  renameSync(partial, path)
}

function byChecksum(networks: Record<string, Address>): Record<Address, Address> {
  return Object.fromEntries(
    Object.entries(networks).map(([token, network]) => [getAddress(token), network]),
  ) as Record<Address, Address>
}
