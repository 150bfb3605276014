/** Where the contracts of a chain are: deployments/<chain id>.json, as contracts/script/deploy.ts writes it. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { OrganisationContracts, SharedContracts } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { Hex } from 'viem'

export type DeployedContracts = { chainId: number; organisations: OrganisationContracts[] } & SharedContracts

/** Refusal 'deployment.missing', 'deployment.malformed', 'deployment.chain'. */
export async function readDeployment(chainId: number, file: string | undefined): Promise<DeployedContracts> {
  const path = file ?? fileURLToPath(new URL(`../../deployments/${chainId}.json`, import.meta.url))
  const text = await readFile(path, 'utf8').catch(() => {
    const advice = 'name one by --deployment, or make it with contracts/script/deploy.ts'
    throw new Refusal(
      'deployment.missing',
      `there is no file ${path} that says where the contracts are; ${advice}`,
    )
  })
  const contracts = parsed(path, text)
  if (contracts.chainId !== chainId)
    throw new Refusal(
      'deployment.chain',
      `${path} is about chain ${contracts.chainId}; the node is on chain ${chainId}`,
    )
  return contracts
}

function parsed(path: string, text: string): DeployedContracts {
  try {
    const contracts = JSON.parse(text) as DeployedContracts
    if (contracts.factory && Array.isArray(contracts.organisations)) return contracts
  } catch {
    // Said below, as for any other content.
  }
  throw new Refusal(
    'deployment.malformed',
    `${path} is not what contracts/script/deploy.ts writes; make it anew`,
  )
}

/** The contracts of the organisation named, or of the only one. Refusal 'deployment.organisation'. */
export function organisationOf(
  { organisations }: DeployedContracts,
  named: Hex | undefined,
): OrganisationContracts {
  const [first, ...others] = named
    ? organisations.filter(({ organisation }) => organisation === named)
    : organisations
  if (first && others.length === 0) return first
  const known = organisations.map(({ organisation }) => organisation).join(', ') || 'none'
  throw new Refusal(
    'deployment.organisation',
    `name one organisation by --organisation; the deployment has ${known}`,
  )
}
