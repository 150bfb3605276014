/** Raiden's compiled contracts: `contracts.json` out of the wheel raiden-contracts, which set-up fetches (raiden/README.md). */
import { readFileSync } from 'node:fs'
import { Refusal } from '@consign/envelope'
import { type Abi, encodeDeployData, type Hex } from 'viem'
import { z } from 'zod'

/** The contracts that a Raiden network is made of, and the plain token that pays its services. */
const NAMES = [
  'SecretRegistry',
  'TokenNetworkRegistry',
  'ServiceRegistry',
  'UserDeposit',
  'MonitoringService',
  'OneToN',
  'CustomToken',
] as const

export type ContractName = (typeof NAMES)[number]

export type CompiledContracts = Record<ContractName, { abi: Abi; bytecode: Hex }>

const compiledSchema = z
  .object({
    abi: z.array(z.looseObject({ type: z.string() })),
    bin: z.string().regex(/^[0-9a-f]+$/, 'must be bytecode in hex'),
  })
  .transform(({ abi, bin }) => ({ abi: abi as unknown as Abi, bytecode: `0x${bin}` as Hex }))

const contractsJsonSchema = z.object({ contracts: z.record(z.enum(NAMES), compiledSchema) })

/** Reads the file; throws `raiden.contracts` when it is missing or something else. */
export function readContractsJson(path: string): CompiledContracts {
  try {
    const { contracts } = JSON.parse(readFileSync(path, 'utf8'))
    const known = Object.fromEntries(NAMES.map((name) => [name, contracts?.[name]]))
    return contractsJsonSchema.parse({ contracts: known }).contracts
  } catch (cause) {
    throw new Refusal(
      'raiden.contracts',
      `${path} is not the contracts.json of raiden-contracts 0.50; run \`npm run setup\`, or name another by CONSIGN_RAIDEN_CONTRACTS.`,
      { cause },
    )
  }
}

/** What creates the contract: its bytecode and constructor arguments. */
export function initcodeOf(contracts: CompiledContracts, name: ContractName, args: readonly unknown[]): Hex {
  return encodeDeployData({ ...contracts[name], args })
}
